import { createHash } from 'node:crypto'
import type { StageSettings } from './stage-settings.ts'

/** The word that follows the stage in the name of what belongs to a service; `platform` follows it in the platform's own. */
const TASK = 'task'
/**
 * Words that no stage has in its name, so that a name says where its stage ends: `redeye-prod-task-eu-orders` is none of a stage `prod-eu`.
 * They are words and no signs, since CloudWatch's search sees nothing but words.
 */
export const endOfStage = [TASK, 'platform'] as const

/** The beginning of all that a service is called; `platform` is the platform's. */
const own = (stage: string, service: string) => `redeye-${stage}-${service === 'platform' ? service : `${TASK}-${service}`}`

/** What everything of a stage is called, so that two stages never meet and a role can name what does not exist yet. */
export const names = {
  /** The stack of the platform, or of one service. */
  stack: (stage: string, service = 'platform') => own(stage, service),
  bus: (stage: string) => `redeye-${stage}`,
  table: (stage: string) => `redeye-${stage}`,
  topic: (stage: string) => `redeye-${stage}`,
  deadLetters: (stage: string) => `redeye-${stage}-dead-letters`,
  scheduleGroup: (stage: string) => `redeye-${stage}`,
  scheduleRole: (stage: string) => `redeye-${stage}-schedules`,
  /** A function of a service (`decide`, `work`), or of the platform. */
  lambda: (stage: string, service: string, name: string) => short(`${own(stage, service)}-${name}`),
  /** The role of a function, under the same name; `stage` as `stageOfAccount` says it. */
  role: (stage: string, service: string, name: string) => short(`${own(stage, service)}-${name}`),
  /** A rule: what wakes a function by events, and its sweep. */
  rule: (stage: string, service: string, name: string) => short(`${own(stage, service)}-${name}`),
  /** The lake's bucket; the account stands in it as a template says it, or as it is. */
  bucket: (stage: string, account: string, region: string) => `redeye-${stage}-lake-${account}-${region}`,
  /** The bucket of CloudTrail's log, likewise. */
  auditBucket: (stage: string, account: string, region: string) => `redeye-${stage}-audit-${account}-${region}`,
  /** Platform values that services read when they are deployed, in SSM. */
  parameter: (stage: string, value: PlatformValue) => `/redeye/${stage}/${value}`,
} as const

/** The stage in names of what an account has once for all regions: roles and dashboards. No stage has an underscore in its name. */
export const stageOfAccount = ({ stage, standby, site }: Pick<StageSettings, 'stage' | 'standby' | 'site'>): string =>
  site.home ? stage : `${stage}_${standby}`

/** What the platform tells the services of its stage. */
export const platformValues = [
  'bus',
  'table',
  'bucket',
  'dead-letters-url',
  'dead-letters-arn',
  'topic',
  'schedule-group',
  'schedule-role',
  'deployment-bucket',
  'spark-nightly',
  'spark-backfill',
  'subnets',
  'security-group',
  'key',
] as const
export type PlatformValue = (typeof platformValues)[number]

// Lambda and IAM take 64 characters.
const LONGEST = 64

/** A name that is too long keeps its beginning and its end, with a hash of the whole between them. */
function short(name: string): string {
  if (name.length <= LONGEST) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8)
  const end = name.slice(name.lastIndexOf('-'))
  return `${name.slice(0, LONGEST - hash.length - end.length - 1)}-${hash}${end}`
}
