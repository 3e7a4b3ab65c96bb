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
}

let host: Host | undefined

/** Gives the functions of this process (or thread) their ports. The local runtime does so before it loads a service. */
export function provideHost(provided: Host | undefined): void {
  host = provided
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
