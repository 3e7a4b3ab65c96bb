import { RedeyeError } from '../core/errors.ts'
import { moreDisk, moreMemory } from '../core/sizes.ts'
import { failureText } from '../sql/failure.ts'

/** What an error message needs to say where it happened and which size to set. */
export interface FailureContext {
  task: string
  partition: string
  /** The task's .sql or task.ts. */
  file?: string
  /** What the work was given, in MB. */
  memoryMb?: number
  function?: FunctionSize
}

/** The function that a task's work runs in, in MB: what an error tells to change. */
export interface FunctionSize {
  memoryMb: number
  diskMb: number
}

/** The instance itself is spoiled; everything else leaves it usable. */
export function isBroken(cause: unknown): boolean {
  return /^(FATAL|INTERNAL) Error/i.test(messageOf(cause))
}

const diskFull = /No space left on device|Disk quota exceeded|max_temp_directory_size|ENOSPC|EDQUOT|File too large/
const memoryFull = /^Out of Memory Error|failed to allocate|could not allocate|bad_alloc/i
const usersFault =
  /^(Conversion|Out of Range|Invalid Input|Invalid Type|Mismatch Type|Binder|Catalog|Parser|Syntax|Constraint|Not implemented|Divide by Zero|Decimal) Error/i

/** What a failure inside an attempt means: a RedeyeError with its class. Those that are one already stay as they are. */
export function computeFailure(cause: unknown, context: FailureContext, signal?: AbortSignal): RedeyeError {
  if (isRedeyeError(cause)) return cause
  const where = `${context.task}@${context.partition}`
  if (signal?.aborted) return ended(where, signal, cause)
  const message = messageOf(cause)
  if (diskFull.test(message))
    return new RedeyeError('OUT_OF_DISK', `${where}: ${firstLine(message)}`, {
      remedy:
        context.function === undefined
          ? 'free space on the disk of the lake and of the spill folder, or give them a larger one'
          : moreDisk(context.function.diskMb),
      failure: 'resources',
      cause,
    })
  if (memoryFull.test(message)) return outOfMemory(where, context, message, cause)
  if (usersFault.test(message))
    return new RedeyeError('BAD_SQL', `${where}: ${withoutCaret(failureText(message))}`, {
      remedy: 'mend the SQL, or the rows it stumbles over',
      file: context.file,
      cause,
    })
  const code = /^(IO|HTTP|Permission) Error/.test(message) ? 'LAKE_FAILED' : 'SQL_FAILED'
  return new RedeyeError(code, `${where}: ${firstLine(message)}`, {
    remedy: 'the attempt is retried by itself; see the cause if it stays',
    cause,
  })
}

function outOfMemory(where: string, context: FailureContext, message: string, cause: unknown): RedeyeError {
  const { memoryMb, function: size } = context
  const given = size ? `its function of ${size.memoryMb} MB gives` : memoryMb ? `${memoryMb} MB` : 'this process may take'
  return new RedeyeError('OUT_OF_MEMORY', `${where} needs more memory than ${given}: ${firstLine(message)}`, {
    remedy: size ? moreMemory(size.memoryMb) : "give it more memory, or set engine: 'spark' in its task.ts",
    failure: 'resources',
    file: context.file,
    cause,
  })
}

/** The signal's own reason when it is an error of ours; else a timeout by its name, or a cancellation. */
function ended(where: string, signal: AbortSignal, cause: unknown): RedeyeError {
  const reason: unknown = signal.reason
  if (isRedeyeError(reason)) return reason
  const timeout = (reason as { name?: unknown } | undefined)?.name === 'TimeoutError'
  return new RedeyeError('ATTEMPT_ENDED', timeout ? `${where} took longer than its timeout` : `${where} was cancelled`, {
    remedy: timeout ? 'make the task faster, or its timeout longer' : 'nothing: whoever cancelled it meant to',
    failure: timeout ? 'timeout' : 'cancelled',
    cause,
  })
}

// A RedeyeError of another realm (a worker's, a test's sandbox) is one too.
export function isRedeyeError(cause: unknown): cause is RedeyeError {
  return (cause as { name?: unknown } | undefined)?.name === 'RedeyeError'
}

export function messageOf(cause: unknown): string {
  const message = String((cause as { message?: unknown } | undefined)?.message ?? cause)
  // The client library puts its own words before some of DuckDB's.
  return message.replace(/^Failed to [a-z ]+: /, '')
}

const firstLine = (message: string) => message.split('\n', 1)[0]!
// DuckDB quotes the statement it was given, which is not the one in the file.
const withoutCaret = (message: string) =>
  message
    .split(/\n+LINE \d+:/, 1)[0]!
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')
