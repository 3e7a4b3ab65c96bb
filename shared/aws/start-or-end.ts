import { RedeyeError } from '../core/errors.ts'
import { finish } from '../engine/attempt.ts'
import type { World } from '../engine/world.ts'
import type { AttemptName, Workers } from '../ports/workers.ts'

/**
 * An attempt whose work may not be invoked, for want of a permission or of the function, ends at once: that stays so, however often it is
 * tried. Whatever else refuses is left to the message, which Lambda delivers again, and to the sweep: both start what nobody has begun.
 */
export async function startOrEnd(world: World, workers: Workers, attempt: AttemptName): Promise<void> {
  try {
    await workers.start(attempt)
  } catch (error) {
    if (!(error instanceof RedeyeError && error.failure === 'user')) throw error
    const { code, message, remedy } = error
    await finish(world, attempt, { ok: false, failure: 'user', code, message: remedy ? `${message}; ${remedy}` : message })
  }
}
