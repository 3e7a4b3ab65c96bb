import type { Task } from '../../task/task.ts'
import { names } from './names.ts'
import { decideStatements, workStatements } from './service-roles.ts'
import { checkedSettings } from './stage-settings.ts'
import type { Statement } from './template.ts'

// IAM's quota for all inline policies of a role together, blanks not counted; it cannot be raised.
export const LONGEST_POLICY = 10_240

// What is refused must not depend on who deploys where: the longest name that a stage may have, and all that adds a statement.
const stage = 's'.repeat(20)
const settings = checkedSettings(stage, { customerKey: true, traces: 1 })

const account = '0'.repeat(12)
const region = 'ap-southeast-2'
const inAccount = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`

/** What the names of a service's template stand for, at their longest. */
const longest: Record<string, string> = {
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::AccountId': account,
  Table: names.table(stage),
  Bus: names.bus(stage),
  Bucket: names.bucket(stage, account, region),
  Topic: inAccount('sns', names.topic(stage)),
  ScheduleGroup: names.scheduleGroup(stage),
  ScheduleRole: `arn:aws:iam::${account}:role/${names.scheduleRole(stage)}`,
  DeadLettersArn: inAccount('sqs', names.deadLetters(stage)),
  Key: inAccount('kms', `key/${'0'.repeat(36)}`),
  SparkNightly: '0'.repeat(16),
  SparkBackfill: '0'.repeat(16),
}

/** How long the policies of a task's two roles are at most, as IAM counts. */
export const policyLengths = (task: Task): { decide: number; work: number } => ({
  decide: lengthOf(decideStatements(task, settings)),
  work: lengthOf(workStatements(task, settings)),
})

function lengthOf(Statement: readonly Statement[]): number {
  return JSON.stringify(resolved({ Version: '2012-10-17', Statement })).length
}

/** A part of a template as CloudFormation hands it to IAM. */
function resolved(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(resolved)
  if (typeof part !== 'object' || part === null) return part
  const { Ref, 'Fn::Sub': sub } = part as { Ref?: string; 'Fn::Sub'?: string }
  if (Ref !== undefined) return longest[Ref] ?? Ref
  if (sub !== undefined) return sub.replace(/\$\{([^}]+)\}/g, (_, name: string) => longest[name] ?? name)
  return Object.fromEntries(Object.entries(part).map(([key, value]) => [key, resolved(value)]))
}
