import { RedeyeError } from '../core/errors.ts'
import type { Envelope } from '../core/events.ts'
import type { Host } from '../engine/host.ts'
import type { World } from '../engine/world.ts'
import type { LogTo } from './logger.ts'
import { type Elsewhere, standsBy } from './writing-region.ts'

// What is older than the sweep looks back says nothing that the ledger does not know.
const OLDEST_MS = 14 * 86_400_000
// A letter, with its reason, must fit into the dead-letter queue.
const LARGEST_BYTES = 200 * 1024

/**
 * Runs handlers of events on Lambda. What the sender did wrong goes to the dead letters here and now, with its reason, and the handler
 * has done its part; anything else is thrown, so that Lambda tries again and, in the end, puts it there itself.
 */
export function unhandled({
  world,
  log,
  forgetGraph,
  elsewhere,
}: {
  world: Pick<World, 'deadLetters' | 'notifier' | 'clock'>
  log: Pick<LogTo, 'warn' | 'error'>
  forgetGraph(): void
  elsewhere?: Elsewhere
}): NonNullable<Host['handle']> {
  return async (name, event, handler) => {
    try {
      refuseUnfit(event, world.clock.now())
      const writer = await elsewhere?.()
      if (writer !== undefined) {
        // What the platform's functions hear a person has said; what services hear follows from the ledger, and the other region says it too.
        if (name.startsWith('platform/')) throw standsBy(writer)
        return log.warn(`${name} stands by: ${writer} writes`)
      }
      await onFreshGraph(handler, forgetGraph)
    } catch (error) {
      if (!isRefusal(error)) {
        log.error(`${name} failed`, error as Error)
        throw error
      }
      const reason = `${error.code}: ${error.message}`
      await world.deadLetters.put({ function: name, reason, event })
      const told = `${name} could not handle ${(event as Partial<Envelope>)?.['detail-type'] ?? 'an event'}: ${reason}`
      log.warn(told, { code: error.code })
      // The letter is there, and an alarm watches the queue; that a mail could not be sent is no reason to handle the event again.
      await world.notifier.platform(told).catch(cause => log.error('the platform could not be told', cause as Error))
    }
  }
}

/** What was deployed since this function last looked may be what it does not know. */
async function onFreshGraph(handler: () => Promise<void>, forgetGraph: () => void): Promise<void> {
  try {
    await handler()
  } catch (error) {
    if ((error as Partial<RedeyeError>)?.code !== 'UNKNOWN_NAME') throw error
    forgetGraph()
    await handler()
  }
}

/** A missing permission is no fault of the event; it is thrown, so that the event is tried again when that is mended. */
function isRefusal(error: unknown): error is RedeyeError {
  return error instanceof RedeyeError && (error.failure === 'user' || error.code === 'STANDS_BY') && error.code !== 'NOT_DEPLOYED'
}

function refuseUnfit(event: unknown, now: number): void {
  const { time } = event as Partial<Envelope>
  const age = time === undefined ? 0 : now - Date.parse(time)
  if (age > OLDEST_MS)
    throw new RedeyeError('BAD_EVENT', `it is of ${time}, more than two weeks ago`, { remedy: 'publish it anew if it is still wished' })
  const bytes = Buffer.byteLength(JSON.stringify(event) ?? '')
  if (bytes > LARGEST_BYTES)
    throw new RedeyeError('BAD_EVENT', `it has ${bytes} bytes, more than ${LARGEST_BYTES}`, { remedy: 'publish several smaller ones' })
}
