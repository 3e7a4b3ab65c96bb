const account = '123456789012'
const inAccount = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:${account}:${resource}`

/** What references of a template stand for in tests: parameters, resources (by Ref), and their attributes as `Name.Attribute`. */
const values: Record<string, string> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-west-1',
  'AWS::AccountId': account,
  Table: 'redeye-dev',
  Bus: 'redeye-dev',
  Bucket: 'lake',
  Topic: inAccount('sns', 'redeye-dev'),
  ScheduleGroup: 'redeye-dev',
  ScheduleRole: `arn:aws:iam::${account}:role/redeye-dev-schedules`,
  DeadLettersArn: inAccount('sqs', 'redeye-dev-dead-letters'),
  Key: inAccount('kms', 'key/00000000-0000-0000-0000-000000000000'),
  SparkNightly: '00night0000',
  SparkBackfill: '00backfill0',
  'Bus.Arn': inAccount('events', 'event-bus/redeye-dev'),
  'Bucket.Arn': 'arn:aws:s3:::lake',
  'Table.Arn': inAccount('dynamodb', 'table/redeye-dev'),
  'Table.StreamArn': inAccount('dynamodb', 'table/redeye-dev/stream/2026-01-01T00:00:00.000'),
  'DeadLetters.Arn': inAccount('sqs', 'redeye-dev-dead-letters'),
  'TimerRole.Arn': `arn:aws:iam::${account}:role/redeye-dev-schedules`,
  'Key.Arn': inAccount('kms', 'key/00000000-0000-0000-0000-000000000000'),
  'NightLambdaFunction.Arn': inAccount('lambda', 'function:redeye-dev-platform-night'),
  'FlowLogGroup.Arn': inAccount('logs', 'log-group:/redeye/dev/network:*'),
}

/** A part of a template with its references resolved, as CloudFormation would. */
export function resolve<T>(part: T): T {
  return resolved(part) as T
}

function resolved(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(resolved)
  if (typeof part !== 'object' || part === null) return part
  const { Ref, 'Fn::Sub': sub, 'Fn::GetAtt': att } = part as { Ref?: string; 'Fn::Sub'?: string; 'Fn::GetAtt'?: string[] }
  if (Ref !== undefined) return referred(Ref)
  if (att !== undefined) return referred(att.join('.'))
  if (sub !== undefined) return sub.replace(/\$\{([^}]+)\}/g, (_, name: string) => referred(name))
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, resolved(value)]))
}

function referred(name: string): string {
  const value = values[name]
  if (value === undefined) throw new Error(`a template refers to ${name}, which test/aws/deploy/resolve.ts does not know`)
  return value
}
