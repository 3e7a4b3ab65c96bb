import { type ErrorCode, RedeyeError } from '../core/errors.ts'

/**
 * What every client is made with. Six tries with the SDK's own backoff and jitter last a few seconds, which outlives a throttled
 * moment; what takes longer is the message's next delivery. A connection that says nothing for half a minute is dead.
 */
export const sdkOptions = {
  maxAttempts: 6,
  retryMode: 'standard',
  requestHandler: { connectionTimeout: 3000, socketTimeout: 30_000 },
}

/** What was asked of AWS: the action as a policy names it, and on what. */
export interface Asked {
  action: string
  resource: string
}

const denied =
  /^(AccessDenied(Exception)?|Forbidden|AuthorizationError(Exception)?|AuthorizationErrorException|UnauthorizedOperation|NotAuthorized(Exception)?|KMSAccessDenied\w*)$/
const absent =
  /^(NoSuchBucket|ResourceNotFoundException|ResourceNotFound|QueueDoesNotExist|AWS\.SimpleQueueService\.NonExistentQueue|NotFoundException|NotFound)$/
const nobody =
  /^(CredentialsProviderError|ExpiredToken(Exception)?|InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch)$/

/** An SDK's error as one that says what was asked, of what, and what to do; errors of ours stay as they are. */
export function awsFailure(cause: unknown, { action, resource }: Asked, code: ErrorCode = 'AWS_FAILED'): RedeyeError {
  if (cause instanceof RedeyeError) return cause
  const name = errorName(cause)
  const message = String((cause as { message?: unknown } | undefined)?.message ?? cause)
  const isDenied = denied.test(name) || (cause as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 403
  if (nobody.test(name))
    return new RedeyeError('NOT_DEPLOYED', `${action} on ${resource}: no credentials that AWS accepts (${name}: ${message})`, {
      remedy: 'a function has them from its role; elsewhere sign in with the AWS CLI, or set AWS_PROFILE',
      failure: 'user',
      cause,
    })
  if (isDenied)
    return new RedeyeError('NOT_DEPLOYED', `${action} on ${resource} is not allowed: ${message}`, {
      remedy: `allow ${action} on ${resource} in the role; a service’s is derived from its task.ts when it is deployed`,
      failure: 'user',
      cause,
    })
  if (absent.test(name))
    return new RedeyeError('NOT_DEPLOYED', `${action}: there is no ${resource} (${name})`, {
      remedy: 'deploy the platform of this stage: sls deploy in the project’s folder',
      failure: 'user',
      cause,
    })
  return new RedeyeError(code, `${action} on ${resource} failed: ${name === 'Error' ? '' : `${name}: `}${message}`, {
    remedy: 'it is tried again by itself; if it lasts, see the quotas and the health of the service in this region',
    failure: 'transient',
    cause,
  })
}

/** The name by which an SDK tells its errors apart. */
export function errorName(cause: unknown): string {
  return String((cause as { name?: unknown } | undefined)?.name ?? 'Error')
}

/** Account, region and partition of an ARN. */
export function placeOfArn(arn: string): { partition: string; region: string; account: string } {
  const [, partition = 'aws', , region = '', account = ''] = arn.split(':')
  return { partition, region, account }
}

/** The ARN of a queue, from its URL. */
export function queueArn(url: string, region: string, partition = 'aws'): string {
  const [account, name] = new URL(url).pathname.split('/').slice(-2)
  return `arn:${partition}:sqs:${region}:${account}:${name}`
}
