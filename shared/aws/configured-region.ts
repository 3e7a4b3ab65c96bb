import { SSMClient } from '@aws-sdk/client-ssm'
import { RedeyeError } from '../core/errors.ts'

/** The region of whoever says a command, as AWS's own tools choose it: the environment's, or the profile's. Throws BAD_ARGUMENT without any. */
export async function configuredRegion(env = process.env): Promise<string> {
  // The SDK knows the other name and the profile's files, but not this one, which the AWS CLI takes.
  if (!env.AWS_REGION && env.AWS_DEFAULT_REGION) return env.AWS_DEFAULT_REGION
  try {
    return await new SSMClient({}).config.region()
  } catch (cause) {
    const profile = env.AWS_PROFILE ? `the profile ${env.AWS_PROFILE} names none` : 'no profile names one'
    throw new RedeyeError('BAD_ARGUMENT', `which region? AWS_REGION is not set, and ${profile}`, {
      remedy:
        'set AWS_REGION, or AWS_PROFILE to a profile that has a region; deploy, doctor and retire also go by --region, and by `region` among the stage’s params in serverless.yml',
      cause,
    })
  }
}
