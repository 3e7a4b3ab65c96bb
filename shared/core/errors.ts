/** How an attempt may end badly; each class has its own retry rule (see retry.ts). */
export const failureClasses = ['transient', 'user', 'timeout', 'resources', 'lost', 'cancelled'] as const
export type FailureClass = (typeof failureClasses)[number]

/**
 * The closed list of error codes: what each means, and whose it is. `user` errors are mended by whoever wrote the
 * task or gave the input; `system` errors by whoever runs the stage. docs/errors.md is generated from this list.
 */
export const errorCodes = {
  user: {
    BAD_ARGUMENT: 'a command line argument is not what the command takes',
    BAD_CREDENTIAL: 'a source or target refused the credential, or none was given',
    BAD_DATASET: 'a dataset is declared wrongly',
    BAD_DATE: 'a date or an instant is malformed, or the time zone has no such time',
    BAD_DELIVERY: 'what was delivered from outside does not fit the declared dataset',
    BAD_EVENT: 'an event does not match its schema',
    BAD_GRAPH: 'the tasks do not form a graph: a cycle, two producers, or none',
    BAD_MAPPING: 'a mapping cannot join these two partitionings',
    BAD_PARTITION: 'a partition key does not fit the dataset’s partitioning',
    BAD_ROW: 'more values than allowed do not fit the declared columns',
    BAD_SOURCE: 'a source is configured wrongly, or answered what cannot be read',
    BAD_SQL: 'a SQL statement is malformed or does not fit the schemas',
    BAD_STORY: 'a story is malformed',
    BAD_TARGET: 'a target is configured wrongly, or refused what was sent',
    BAD_TASK: 'a task is declared wrongly',
    CHECK_FAILED: 'a data check failed, so nothing was published',
    REQUEST_CHANGED: 'a request with this id was made before, with other content',
    STALE_ATTEMPT: 'a newer generation or attempt has taken over, so this one may not write',
    UNKNOWN_NAME: 'no dataset, task or run has this name',
  },
  system: {
    ATTEMPT_ENDED: 'an attempt was cancelled, or took longer than its task allows',
    ALREADY_RUNNING: 'another runtime holds this state folder',
    AWS_FAILED: 'a service of AWS did not answer, or answered that it is busy',
    INPUTS_CHANGED: 'a task was deployed with other inputs since its run pinned those it had',
    LAKE_FAILED: 'the lake could not be read or written',
    LEDGER_FAILED: 'the ledger could not be read or written',
    MOVE_STOPPED: 'a move of a stage to another region ended before it was over',
    NOT_DEPLOYED: 'a function lacks a setting, a resource or a permission that its deployment gives it',
    NEWER_DOCUMENT: 'a document was written by a newer major version',
    OUT_OF_MEMORY: 'the work needs more memory than it was given',
    OUT_OF_DISK: 'the work needs more disk than there is',
    SQL_FAILED: 'the SQL engine itself failed',
    STANDS_BY: 'the stage was moved to its other region, so nothing is done in this one',
    SOURCE_UNAVAILABLE: 'a source does not answer, or answers that it is busy',
    TARGET_UNAVAILABLE: 'a target does not answer, or answers that it is busy',
    WORKER_LOST: 'the worker vanished before it reported',
  },
} as const
export type ErrorCode = keyof (typeof errorCodes)['user'] | keyof (typeof errorCodes)['system']

/** Where an error is: a file of the project, and as precisely as known the line and column (both from 1). */
export interface Place {
  file?: string
  line?: number
  column?: number
}

/**
 * The one error Redeye throws on purpose: what was received and where (message), what to do (remedy),
 * and how an attempt that ends with it counts (failure).
 *
 * @example
 * throw new RedeyeError('BAD_PARTITION', '"2001-13" is not a month', { remedy: 'write it like 2001-02' })
 */
export class RedeyeError extends Error {
  readonly code: ErrorCode
  readonly remedy: string | undefined
  readonly failure: FailureClass
  readonly place: Place

  constructor(code: ErrorCode, message: string, more: { remedy?: string; failure?: FailureClass; cause?: unknown } & Place = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'RedeyeError'
    this.code = code
    this.remedy = more.remedy
    this.failure = more.failure ?? (code in errorCodes.user ? 'user' : 'transient')
    this.place = { file: more.file, line: more.line, column: more.column }
  }
}

/** The closest of the accepted names, for a "did you mean"; undefined when none is near (more than a third of the letters differ). */
export function nearest(received: string, accepted: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(1, Math.floor(received.length / 3)) + 1
  for (const candidate of accepted) {
    const d = editDistance(received.toLowerCase(), candidate.toLowerCase())
    if (d < bestDistance) {
      best = candidate
      bestDistance = d
    }
  }
  return best
}

/** Letters inserted, left out, exchanged for another or, of two neighbours, for each other: "optimal string alignment". */
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const [previous, row] = [rows[i - 1]!, [i]]
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) row[j] = Math.min(row[j]!, rows[i - 2]![j - 2]! + 1)
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
