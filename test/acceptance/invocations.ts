import { type CloudWatchLogsClient, paginateDescribeLogGroups, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs'

/** What the functions of a stage did, as their logs tell. */
export interface Invocations {
  /** How many ended, by the function's name within its service: `decide`, `work`; or within the platform. */
  invocations: Record<string, number>
  logBytes: number
}

// What CloudWatch adds to each line.
const LINE_BYTES = 26

/** Lambda's own lines about an invocation. Of all functions but `work` a stage keeps them only when something is wrong; the emulator writes them all. */
const isOrdinary = (message: string) => /^(INIT_START|START|END|REPORT) /.test(message)

/** The invocations of a stage's functions since then, with all that stands in their logs on AWS: what they say, and of `work` what Lambda says too. */
export async function invocationsSince(client: CloudWatchLogsClient, stage: string, startTime: number): Promise<Invocations> {
  const found: Invocations = { invocations: {}, logBytes: 0 }
  const logGroupNamePrefix = `/aws/lambda/redeye-${stage}-`
  for await (const { logGroups = [] } of paginateDescribeLogGroups({ client }, { logGroupNamePrefix }))
    for (const { logGroupName } of logGroups)
      for await (const { events = [] } of paginateFilterLogEvents({ client }, { logGroupName, startTime }))
        for (const { message = '' } of events) {
          const name = logGroupName!.slice(logGroupName!.lastIndexOf('-') + 1)
          if (message.startsWith('REPORT ')) found.invocations[name] = (found.invocations[name] ?? 0) + 1
          if (name === 'work' || !isOrdinary(message)) found.logBytes += Buffer.byteLength(message) + LINE_BYTES
        }
  return found
}
