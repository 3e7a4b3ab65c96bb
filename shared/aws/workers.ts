import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { RedeyeError } from '../core/errors.ts'
import type { Workers } from '../ports/workers.ts'
import { awsFailure, sdkOptions } from './sdk.ts'

/**
 * A service's `work` on Lambda, invoked asynchronously by its name. Lambda cannot be told to stop an invocation: a cancelled attempt
 * finds at its next renewal that the run is no longer its own, and its result is refused in any case.
 */
export function lambdaWorkers(work: string | undefined, client?: LambdaClient): Workers {
  // Made when first needed: most decisions start nothing.
  let invoker = client
  return {
    async start(attempt) {
      if (work === undefined)
        throw new RedeyeError('NOT_DEPLOYED', `this function cannot start ${attempt.task}@${attempt.partition}: it lacks REDEYE_WORK`, {
          remedy: 'deploy the service anew; the platform starts no attempts',
          failure: 'user',
        })
      invoker ??= new LambdaClient(sdkOptions)
      try {
        await invoker.send(new InvokeCommand({ FunctionName: work, InvocationType: 'Event', Payload: JSON.stringify(attempt) }))
      } catch (cause) {
        throw awsFailure(cause, { action: 'lambda:InvokeFunction', resource: `function:${work}` })
      }
    },
    stop: async () => {},
  }
}
