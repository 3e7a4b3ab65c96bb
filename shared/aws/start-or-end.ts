import { type FailureClass, RedeyeError } from '../core/errors.ts'
import { finish } from '../engine/attempt.ts'
import type { World } from '../engine/world.ts'
import type { AttemptName, Workers } from '../ports/workers.ts'

/**
 * An attempt that was claimed and could not be invoked would hold its run until the lease is over, half an hour later; so it ends at
 * once, as lost. Should the invocation have arrived after all, its result is refused.
 */
export async function startOrEnd(world: World, workers: Workers, attempt: AttemptName): Promise<void> {
  try {
    await workers.start(attempt)
  } catch (error) {
    const known = error instanceof RedeyeError
    // A permission that is missing stays so, however often it is tried.
    const failure: FailureClass = known && error.failure === 'user' ? 'user' : 'lost'
    const message = known && error.remedy ? `${error.message}; ${error.remedy}` : String((error as Error).message)
    await finish(world, attempt, { ok: false, failure, code: known ? error.code : 'WORKER_LOST', message })
  }
}
