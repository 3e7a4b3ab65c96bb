import { RedeyeError } from '../core/errors.ts'
import { type Lane, lanes } from '../core/run.ts'

/** What a deployed function is told by its deployment, by environment variables. */
export interface Settings {
  stage: string
  /** The ledger's table. */
  table: string
  /** The bus, by name. */
  bus: string
  /** The lake's bucket. */
  bucket: string
  /** The URL of the stage's one dead-letter queue. */
  deadLetters: string
  /** The topic of alerts and notices, by ARN. */
  topic: string
  /** The group that one-time schedules are made in, and the role by which they publish. */
  scheduleGroup: string
  scheduleRole: string
  /** The zone whose midnight begins a night. */
  zone: string
  /** When in that zone a night begins, for the sweep, which misses those that do not. */
  nightAt: string | undefined
  /** The name of the service's own `work`; the platform has none. */
  work: string | undefined
  /** The share of attempts that X-Ray traces. */
  traces: number
  laneLimits: Partial<Record<Lane, number>>
  /** The stage has a second region, and the ledger says which of them writes. */
  twoRegions: boolean
  /** The applications of Spark's jobs, by id, and the role that jobs have, by ARN; a function that has to do with none is told none. */
  spark: { applications: { nightly: string; backfill: string }; role: string } | undefined
}

/** Each variable, and what it is; a function without one of them must not begin. */
const required = {
  REDEYE_STAGE: 'the stage',
  REDEYE_TABLE: 'the name of the ledger’s table',
  REDEYE_BUS: 'the name of the event bus',
  REDEYE_BUCKET: 'the name of the lake’s bucket',
  REDEYE_DEAD_LETTERS: 'the URL of the dead-letter queue',
  REDEYE_TOPIC: 'the ARN of the topic for alerts',
  REDEYE_SCHEDULE_GROUP: 'the name of the schedule group for timers',
  REDEYE_SCHEDULE_ROLE: 'the ARN of the role by which timers publish',
  REDEYE_ZONE: 'the time zone of the night, like Europe/Madrid',
} as const
type Name = keyof typeof required

/** Reads the environment; throws NOT_DEPLOYED that names every variable that is missing. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const missing = (Object.keys(required) as Name[]).filter(name => !env[name])
  if (missing.length > 0) throw notGiven(missing, env.REDEYE_STAGE)
  const value = (name: Name) => env[name]!
  return {
    stage: value('REDEYE_STAGE'),
    table: value('REDEYE_TABLE'),
    bus: value('REDEYE_BUS'),
    bucket: value('REDEYE_BUCKET'),
    deadLetters: value('REDEYE_DEAD_LETTERS'),
    topic: value('REDEYE_TOPIC'),
    scheduleGroup: value('REDEYE_SCHEDULE_GROUP'),
    scheduleRole: value('REDEYE_SCHEDULE_ROLE'),
    zone: value('REDEYE_ZONE'),
    nightAt: env.REDEYE_NIGHT_AT || undefined,
    work: env.REDEYE_WORK || undefined,
    traces: Number(env.REDEYE_TRACES) || 0,
    twoRegions: env.REDEYE_TWO_REGIONS === 'true',
    laneLimits: laneLimitsOf(env.REDEYE_LANE_LIMITS),
    spark: sparkOf(env),
  }
}

function notGiven(missing: readonly Name[], stage = 'STAGE'): RedeyeError {
  const what = missing.map(name => `${name} (${required[name]})`).join(', ')
  return new RedeyeError('NOT_DEPLOYED', `this function lacks the environment variable${missing.length > 1 ? 's' : ''} ${what}`, {
    remedy: `deploy the platform of the stage, then this service anew: sls deploy --stage ${stage}; each value is an SSM parameter under /redeye/${stage}/`,
    failure: 'user',
  })
}

function sparkOf(env: Readonly<Record<string, string | undefined>>): Settings['spark'] {
  const { REDEYE_SPARK_NIGHTLY: nightly, REDEYE_SPARK_BACKFILL: backfill, REDEYE_SPARK_ROLE: role = '' } = env
  return nightly && backfill ? { applications: { nightly, backfill }, role } : undefined
}

function laneLimitsOf(text: string | undefined): Settings['laneLimits'] {
  if (!text) return {}
  const refused = (why: string) =>
    new RedeyeError('NOT_DEPLOYED', `REDEYE_LANE_LIMITS is ${text.slice(0, 100)}: ${why}`, {
      remedy: 'write it like {"backfill": 20} and deploy anew',
      failure: 'user',
    })
  let limits: unknown
  try {
    limits = JSON.parse(text)
  } catch {
    throw refused('it is no JSON')
  }
  if (typeof limits !== 'object' || limits === null || Array.isArray(limits)) throw refused('it is no object')
  for (const [lane, limit] of Object.entries(limits)) {
    if (!lanes.includes(lane as Lane)) throw refused(`there is no lane ${lane}`)
    if (!Number.isInteger(limit) || (limit as number) < 1) throw refused(`${lane} takes a whole number from 1`)
  }
  return limits as Settings['laneLimits']
}
