import type { ErrorCode, FailureClass } from '../core/errors.ts'
import { RedeyeError } from '../core/errors.ts'
import { moreMemory } from '../core/sizes.ts'
import type { AttemptName } from '../ports/workers.ts'
import type { Task } from '../task/task.ts'
import { finish } from './attempt.ts'
import type { World } from './world.ts'

/** What Lambda tells `decide` when an invocation of `work` has failed: its on-failure destination. */
export interface FailedInvocation {
  version: string
  timestamp: string
  requestContext: {
    requestId?: string
    functionArn: string
    /** `RetriesExhausted`; or `EventAgeExceeded`, when it waited too long and never began. */
    condition: string
    approximateInvokeCount: number
  }
  /** What the function was invoked with. */
  requestPayload: unknown
  /** Absent where the function never ran. */
  responseContext?: { statusCode: number; executedVersion?: string; functionError?: string }
  responsePayload?: { errorType?: string; errorMessage?: string } | null
}

/** Whether an event is Lambda's word that an invocation failed. */
export function isFailedInvocation(event: object): event is FailedInvocation {
  return 'requestContext' in event && 'requestPayload' in event
}

/*
 * What Lambda calls the ends of an invocation, as its documentation and its logs have them:
 *
 *   killed by the kernel for memory   Runtime.ExitError    "RequestId: … Error: Runtime exited with error: signal: killed"
 *   the same, newer words             Runtime.OutOfMemory  "RequestId: … Error: Runtime exited with error: signal: killed"
 *   V8 found no room in its heap      Runtime.ExitError    "… signal: aborted", or "… exit status 134"
 *   out of time                       Sandbox.Timedout, or none   "… Task timed out after 900.00 seconds"
 *   threw, or exited by itself        the error's name, or Runtime.ExitError "… exit status 1"
 */
const noMemory = /signal: (killed|aborted)|exit status 13[47]\b|heap out of memory/i
const noTime = /Task timed out after/i

/** How an attempt counts whose invocation failed. */
export function failureOf({ requestContext, responsePayload }: FailedInvocation): {
  failure: FailureClass
  code: ErrorCode
  message: string
  uncounted?: true
} {
  // It waited for a place among the account's functions for as long as its lease.
  if (requestContext.condition === 'EventAgeExceeded')
    return { failure: 'lost', code: 'WORKER_LOST', message: 'no function was free to begin the attempt', uncounted: true }
  const { errorType = '', errorMessage = '' } = responsePayload ?? {}
  const said = [errorType, errorMessage].filter(Boolean).join(': ')
  if (errorType === 'Runtime.OutOfMemory' || (errorType !== 'Sandbox.Timedout' && noMemory.test(errorMessage)))
    return { failure: 'resources', code: 'OUT_OF_MEMORY', message: `the function took more memory than it has and was killed (${said})` }
  if (errorType === 'Sandbox.Timedout' || noTime.test(errorMessage))
    return { failure: 'timeout', code: 'ATTEMPT_ENDED', message: `the function ran out of its time (${said})` }
  const why = said || `${requestContext.condition} after ${requestContext.approximateInvokeCount} invocations`
  return { failure: 'lost', code: 'WORKER_LOST', message: `the function ended without a word of the attempt (${why})` }
}

/** Ends exactly the attempt whose invocation failed, at once; nothing changes if it has reported, or another has taken its run over. */
export async function endFailed(world: World, task: Task, event: FailedInvocation): Promise<void> {
  const attempt = attemptOf(event.requestPayload)
  if (attempt?.task !== task.name)
    throw new RedeyeError('BAD_EVENT', `${JSON.stringify(event.requestPayload)?.slice(0, 200)} is no attempt of ${task.name}`, {
      remedy: 'the on-failure destination of a service’s work is its own decide: deploy it anew',
    })
  const ended = failureOf(event)
  const message = ended.failure === 'resources' ? `${ended.message}; ${moreMemory(task.memoryMb)}` : ended.message
  await finish(world, attempt, { ok: false, ...ended, message })
}

function attemptOf(payload: unknown): AttemptName | undefined {
  const { task, dataset, partition, generation, attempt } = (payload ?? {}) as Partial<AttemptName>
  if (typeof task !== 'string' || typeof dataset !== 'string' || typeof partition !== 'string') return undefined
  if (!Number.isInteger(generation) || !Number.isInteger(attempt)) return undefined
  return { task, dataset, partition, generation: generation!, attempt: attempt! }
}
