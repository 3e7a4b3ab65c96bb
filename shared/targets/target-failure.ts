import { RedeyeError } from '../core/errors.ts'

const diskFull = /No space left on device|Disk quota exceeded|disk is full|ENOSPC|EDQUOT/i
const memoryFull = /^Out of Memory Error|failed to allocate/i
// What the rows or the declared columns are to blame for, so that trying again would only fail again.
const misfit = /^(Conversion|Constraint|Binder|Catalog|Parser|Out of Range|Invalid Input) Error/i

/** What a database's own error means for a delivery to it: full, unable to take these rows, or in trouble that may pass. */
export function targetFailure(what: string, cause: unknown): Error {
  // One of ours says what it means already, wherever it comes from.
  if (cause instanceof Error && cause.name === 'RedeyeError') return cause
  const message = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]!
  if (diskFull.test(message))
    return new RedeyeError('OUT_OF_DISK', `${what} has no space left: ${message}`, {
      remedy: 'free space there',
      failure: 'resources',
      cause,
    })
  if (memoryFull.test(message))
    return new RedeyeError('OUT_OF_MEMORY', `${what} needs more memory: ${message}`, {
      remedy: 'load smaller partitions',
      failure: 'resources',
      cause,
    })
  if (misfit.test(message))
    return new RedeyeError('BAD_TARGET', `${what} does not take these rows: ${message}`, {
      remedy: 'compare the declared columns with what is there',
      cause,
    })
  return new RedeyeError('TARGET_UNAVAILABLE', `${what} cannot be used: ${message}`, {
    remedy: 'see that its folder exists and may be written; the load is retried by itself',
    cause,
  })
}
