import { RedeyeError } from '../core/errors.ts'
import type { Compute } from '../ports/compute.ts'
import type { Task } from '../task/task.ts'
import type { World } from './world.ts'

/** What hosts a service's functions: where their ports come from. */
export interface Host {
  world: World
  compute(task: Task): Compute
  /** Progress and outcomes of an attempt, for people. */
  logger(attempt: {
    task: string
    partition: string
    generation: number
    attempt: number
  }): (message: string, fields?: Record<string, unknown>) => void
  /**
   * Runs the handler of an event, and sees to an event that it refuses. Absent where whoever delivers does so. `name` is whose handler
   * it is: a task, or `platform/…`.
   */
  handle?(name: string, event: unknown, handler: () => Promise<void>): Promise<void>
  /** Loads what every invocation needs. */
  prepare?(): Promise<unknown>
}

let host: Host | undefined

/** Gives the functions of this process (or thread) their ports. The local runtime does so before it loads a service. */
export function provideHost(provided: Host | undefined): void {
  host = provided
}

/** The ports of this process where it was given some; on Lambda, those of AWS, loaded when they are first asked for. */
export function findHost(): Host | Promise<Host> {
  if (host || !process.env.AWS_LAMBDA_FUNCTION_NAME) return theHost()
  return import('../aws/host.ts').then(({ awsHost }) => (host ??= awsHost(process.env)))
}

/**
 * On Lambda, loads what every invocation needs while the function starts, when that takes nothing of its time. What is missing is said
 * at the first event, where somebody hears it.
 */
export function prepareHost(): void {
  if (!process.env.AWS_LAMBDA_FUNCTION_NAME) return
  void Promise.resolve(findHost())
    .then(found => found.prepare?.())
    .catch(() => undefined)
}

/** The ports of this process; throws where nobody gave any. */
export function theHost(): Host {
  if (!host)
    throw new RedeyeError('LEDGER_FAILED', 'no host has given this function its ports', {
      remedy: 'run it in the local runtime (`redeye dev`), or deploy it',
      failure: 'user',
    })
  return host
}
