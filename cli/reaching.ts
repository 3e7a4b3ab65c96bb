import { RedeyeError } from '../shared/core/errors.ts'

/** What AWS answers to a command: where it does not answer, nobody tries again by himself as a function would. */
export async function reaching<T>(answer: Promise<T>): Promise<T> {
  return answer.catch(cause => {
    if (!(cause instanceof RedeyeError) || cause.failure !== 'transient') throw cause
    throw new RedeyeError(cause.code, cause.message, {
      remedy: 'see whether AWS can be reached from here, by AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL, and say it again',
      cause,
    })
  })
}
