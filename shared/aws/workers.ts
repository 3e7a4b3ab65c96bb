import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { RedeyeError } from '../core/errors.ts'
import type { AttemptName, Start, Workers } from '../ports/workers.ts'
import { awsFailure, sdkOptions } from './sdk.ts'
import { TRACE_HEADER, traceHeader } from './trace.ts'

/**
 * A service's `work` on Lambda, invoked asynchronously by its name. Lambda cannot be told to stop an invocation: a cancelled attempt
 * finds at its next renewal that the run is no longer its own, and its result is refused in any case.
 * Of attempts that are started the share `traces` is traced.
 */
export function lambdaWorkers(work: string | undefined, traces = 0, client?: LambdaClient): Workers {
  // Made when first needed: most decisions start nothing.
  let invoker = client
  return {
    async start({ run, ...attempt }) {
      if (work === undefined)
        throw new RedeyeError('NOT_DEPLOYED', `this function cannot start ${attempt.task}@${attempt.partition}: it lacks REDEYE_WORK`, {
          remedy: 'deploy the service anew; the platform starts no attempts',
          failure: 'user',
        })
      invoker ??= new LambdaClient(sdkOptions)
      const command = new InvokeCommand({ FunctionName: work, InvocationType: 'Event', Payload: payloadOf(attempt, run) })
      if (traces > 0) addHeader(command, TRACE_HEADER, traceHeader(attempt, traces, process.env))
      try {
        await invoker.send(command)
      } catch (cause) {
        throw awsFailure(cause, { action: 'lambda:InvokeFunction', resource: `function:${work}` })
      }
    },
    stop: async () => {},
  }
}

// An invocation takes a quarter of a megabyte, and comes back with as much where it fails; a run of more is read.
const LARGEST_RUN = 100_000

function payloadOf(attempt: AttemptName, run: Start['run']): string {
  const whole = JSON.stringify({ ...attempt, run })
  return whole.length <= LARGEST_RUN ? whole : JSON.stringify(attempt)
}

function addHeader({ middlewareStack }: InvokeCommand, name: string, value: string): void {
  middlewareStack.add(
    next => args => {
      ;(args.request as { headers: Record<string, string> }).headers[name] = value
      return next(args)
    },
    { step: 'build' },
  )
}
