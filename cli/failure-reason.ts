import { firstLine } from './measures.ts'

/** A run's document, or as much of it as tells of its failure. */
interface Failed {
  task?: string
  partition: string
  state?: string
  error?: { message: string }
}

/** Why a run's attempt failed, in one line; the run's own name, which stands beside it, is not said twice. */
export function failureReason({ task, partition, state, error }: Failed): string {
  const reason = firstLine(error?.message ?? 'no reason given').replace(`${task}@${partition}: `, '')
  return state === 'failed' ? withWayOut(reason, task!, partition) : reason
}

/**
 * The message of an attempt after which no other comes. An attempt does not know that it is the last one, so that its error says
 * it is retried; what leads on instead is known only here.
 */
export function withWayOut(message: string, task: string, partition: string): string {
  const retried = /(?:it may [a-z ]+, so )?the (?:attempt|load) is retried(?: by itself)?(?:, from the first batch that was not taken)?/
  return message.replace(retried, `no attempt is left: redeye request ${task} --from ${partition} --run failed`)
}
