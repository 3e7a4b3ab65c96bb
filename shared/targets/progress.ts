import type { Json } from '../core/schema.ts'

/**
 * How far a delivery in batches has come, as it is saved for the next attempt of the generation. A batch goes out under the key of
 * the attempt that first sent it, so that a receiver who took it without our hearing of it drops the second sending.
 */
export interface Progress {
  /** Rows a batch; a next attempt cuts as the first did, even when the task now says another size. */
  readonly size: number
  /** Every batch below this one was accepted. */
  readonly accepted: number
  /** Batches from `accepted` on that were accepted out of turn. */
  readonly beyond: readonly number[]
  /** Which attempt first sent batches from here on, in order: `[[0, 1], [5, 2]]`. */
  readonly sentBy: readonly (readonly [fromBatch: number, attempt: number])[]
  /** Every batch below this one may have been sent. */
  readonly sent: number
}

export function begin(size: number): Progress {
  return { size, accepted: 0, beyond: [], sentBy: [], sent: 0 }
}

/** What an earlier attempt saved, or the beginning. */
export function resume(position: Json | undefined, size: number): Progress {
  if (position === undefined || position === null || typeof position !== 'object' || Array.isArray(position)) return begin(size)
  return position as unknown as Progress
}

/**
 * Batches are sent in order; one that may have been sent before keeps its first attempt. `ahead` says how many are noted at once:
 * one that in the end was not sent goes out under that attempt's key too, which no receiver has seen.
 */
export function sending(progress: Progress, batch: number, attempt: number, ahead = 1): Progress {
  if (batch < progress.sent) return progress
  const last = progress.sentBy.at(-1)
  const sentBy = last?.[1] === attempt ? progress.sentBy : [...progress.sentBy, [batch, attempt] as const]
  return { ...progress, sentBy, sent: batch + ahead }
}

export function accepting(progress: Progress, batch: number): Progress {
  const beyond = new Set([...progress.beyond, batch])
  let accepted = progress.accepted
  while (beyond.delete(accepted)) accepted++
  return { ...progress, accepted, beyond: [...beyond].sort((a, b) => a - b) }
}

export function isAccepted(progress: Progress, batch: number): boolean {
  return batch < progress.accepted || progress.beyond.includes(batch)
}

/** The attempt under whose key a batch that was sent goes. */
export function firstSender(progress: Progress, batch: number): number {
  return progress.sentBy.findLast(([from]) => from <= batch)![1]
}
