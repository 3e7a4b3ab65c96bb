import { createHash } from 'node:crypto'
import {
  CancelJobRunCommand,
  EMRServerlessClient,
  GetJobRunCommand,
  type JobRun,
  type JobRunState,
  StartJobRunCommand,
} from '@aws-sdk/client-emr-serverless'
import { versionFolder } from '../core/run.ts'
import type { JobStatus, Spark, SparkJob } from '../ports/spark.ts'
import type { AttemptName } from '../ports/workers.ts'
import { awsFailure, errorName, sdkOptions } from './sdk.ts'

export interface EmrServerlessOptions {
  /** The applications, by id: a backfill's jobs have one of their own, so that they never take the processors of a night. */
  applications: { nightly: string; backfill: string }
  /** The ARN of the role that jobs have. */
  role: string
  /** The lake's bucket. */
  bucket: string
  client?: EMRServerlessClient
}

/** The lake's key of shared/spark/job.py, which the platform's deployment puts there. */
export const JOB_ENTRY = '_redeye/job.py'

const MINUTE_MS = 60_000

const states: Partial<Record<JobRunState, JobStatus['state']>> = { SUCCESS: 'succeeded', FAILED: 'failed', CANCELLED: 'cancelled' }

/**
 * Spark jobs on EMR Serverless. A job's id is `APPLICATION/JOB_RUN`, as its events name both. Its token follows from the attempt: the
 * service takes the same submission again for the same job.
 */
export function emrServerlessSpark({
  applications,
  role,
  bucket,
  client = new EMRServerlessClient(sdkOptions),
}: EmrServerlessOptions): Spark {
  return {
    async submit({ attempt, plan, timeoutMs, size, lane }) {
      const applicationId = lane === 'backfill' ? applications.backfill : applications.nightly
      const { task, dataset, partition, generation, attempt: number } = attempt
      const folder = versionFolder(dataset, partition, generation, number)
      try {
        const { jobRunId } = await client.send(
          new StartJobRunCommand({
            applicationId,
            clientToken: createHash('sha256').update(`${bucket}/${folder}`).digest('hex'),
            executionRoleArn: role,
            name: `${task}@${partition} g${generation}-a${number}`,
            // The last argument is read by `status` alone.
            jobDriver: {
              sparkSubmit: {
                entryPoint: `s3://${bucket}/${JOB_ENTRY}`,
                entryPointArguments: [`s3://${bucket}`, plan, JSON.stringify(attempt)],
                ...(size && { sparkSubmitParameters: parametersOf(size) }),
              },
            },
            ...(timeoutMs !== undefined && { executionTimeoutMinutes: Math.ceil(timeoutMs / MINUTE_MS) }),
          }),
        )
        return `${applicationId}/${jobRunId}`
      } catch (cause) {
        throw awsFailure(cause, { action: 'emr-serverless:StartJobRun', resource: `application ${applicationId}` })
      }
    },
    async status(id) {
      try {
        const { jobRun } = await client.send(new GetJobRunCommand(namesOf(id)))
        const attempt = jobRun && attemptOf(jobRun)
        // Others may run jobs there too.
        if (!attempt) return undefined
        const { stateDetails, state } = jobRun
        return { attempt, state: states[state!] ?? 'running', ...(stateDetails && { message: stateDetails }) }
      } catch (cause) {
        if (errorName(cause) === 'ResourceNotFoundException') return undefined
        throw awsFailure(cause, { action: 'emr-serverless:GetJobRun', resource: `job ${id}` })
      }
    },
    async cancel(id) {
      try {
        await client.send(new CancelJobRunCommand(namesOf(id)))
      } catch (cause) {
        // It is over, or forgotten.
        if (['ResourceNotFoundException', 'ValidationException'].includes(errorName(cause))) return
        throw awsFailure(cause, { action: 'emr-serverless:CancelJobRun', resource: `job ${id}` })
      }
    },
  }
}

// The heap's share: Spark takes a tenth of it on top, for all that is none.
const HEAP = 1 / 1.1

/** A driver and executors of this size: cores come with memory, as EMR Serverless has its workers. */
function parametersOf({ memoryGb, diskGb }: NonNullable<SparkJob['size']>): string {
  const of = (worker: 'driver' | 'executor') => ({
    ...(memoryGb !== undefined && {
      [`spark.${worker}.cores`]: memoryGb <= 30 ? 4 : memoryGb <= 60 ? 8 : 16,
      [`spark.${worker}.memory`]: `${Math.floor(memoryGb * 1024 * HEAP)}m`,
    }),
    ...(diskGb !== undefined && { [`spark.emr-serverless.${worker}.disk`]: `${diskGb}g` }),
  })
  return Object.entries({ ...of('driver'), ...of('executor') })
    .map(([name, value]) => `--conf ${name}=${value}`)
    .join(' ')
}

function namesOf(id: string): { applicationId: string; jobRunId: string } {
  const [applicationId = '', jobRunId = ''] = id.split('/')
  return { applicationId, jobRunId }
}

function attemptOf({ jobDriver }: JobRun): AttemptName | undefined {
  const named = jobDriver?.sparkSubmit?.entryPointArguments?.[2]
  try {
    return named === undefined ? undefined : (JSON.parse(named) as AttemptName)
  } catch {
    return undefined
  }
}
