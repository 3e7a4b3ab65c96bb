import { Logger } from '@aws-lambda-powertools/logger'
import type { Host } from '../engine/host.ts'

/** What a function logs through; tests hand in their own. */
export type LogTo = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'appendKeys'>

/** A function's structured log: a JSON object a line, with the request's id and whatever is appended. */
export const functionLogger = (service: string): Logger => new Logger({ serviceName: service })

// A failure's stack is cut here: two lines a run, the beginning and the end, are to stay under a kilobyte.
const MESSAGE_CHARACTERS = 400

/**
 * The log of attempts, of how each began and ended: each line names task, partition, generation and attempt, and, once the attempt has said them, its lane and its
 * night, so that any of them finds all that belongs together.
 *
 * @example
 * const log = attemptLog(task => functionLogger(task))({ task: 'clean-orders', partition: '2001-02-14', generation: 1, attempt: 1 })
 * log('published', { rows: 20 })
 */
export function attemptLog(loggerOf: (service: string) => LogTo = functionLogger): Host['logger'] {
  return ({ task, partition, generation, attempt }) => {
    const logger = loggerOf(task)
    logger.appendKeys({ task, partition, generation, attempt })
    return (message, fields = {}) => {
      const { lane, night, generation: _, attempt: __, ...rest } = fields
      if (lane !== undefined || night !== undefined) logger.appendKeys({ lane, night })
      const text = message.length > MESSAGE_CHARACTERS ? `${message.slice(0, MESSAGE_CHARACTERS - 1)}…` : message
      logger[fields.failure === undefined ? 'info' : 'warn'](text, rest)
    }
  }
}

/**
 * What an attempt's work says on its way, at the level `debug`: nobody watches a function at work, and an ingest of a quarter of an hour would
 * say ninety times how far it is. Whoever wants to watch sets POWERTOOLS_LOG_LEVEL.
 */
export function progressLog(loggerOf: (service: string) => LogTo = functionLogger): Host['logger'] {
  return ({ task, partition, generation, attempt }) => {
    const logger = loggerOf(task)
    logger.appendKeys({ task, partition, generation, attempt })
    return (message, fields = {}) => logger.debug(message, fields)
  }
}
