import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  type ServiceQuota,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas'
import type { Graph } from '../../core/graph.ts'
import { awsFailure, errorName, sdkOptions } from '../sdk.ts'
import type { StageSettings } from './stage-settings.ts'

/** A quota of an account, and what a stage needs of it. */
export interface Needed {
  quota: string
  service: string
  code: string
  needs: number
  why: string
}
export interface Judged extends Needed {
  /** Undefined where it could not be read. */
  value: number | undefined
  verdict: 'ok' | 'short' | 'unknown'
  remedy?: string
}

// Beside tasks, a stage has the platform's own rules and functions at work.
const PLATFORM_RULES = 4
const PLATFORM_FUNCTIONS = 5
// A decision lasts under a second and work minutes: a run has one of either at a time, and its successors are deciding meanwhile.
const FUNCTIONS_A_TASK = 2

/** What a project's tasks need at once when a night is at its widest: every task at work, on one partition. */
export function quotasNeeded(
  graph: Pick<Graph, 'tasks'>,
  settings: Pick<StageSettings, 'sparkNightlyCpus' | 'sparkBackfillCpus'>,
): Needed[] {
  const tasks = graph.tasks.length
  return [
    {
      quota: 'Lambda: concurrent executions',
      service: 'lambda',
      code: 'L-B99A9384',
      needs: FUNCTIONS_A_TASK * tasks + PLATFORM_FUNCTIONS,
      why: 'two functions a task, and the platform’s; a backfill takes what is left, as far as its maxActive lets it',
    },
    {
      quota: 'EventBridge: rules on a bus',
      service: 'events',
      code: 'L-244521F2',
      needs: tasks + PLATFORM_RULES,
      why: 'a rule a task on the stage’s bus, and a schedule a task on the default one, which all stages share',
    },
    {
      quota: 'EMR Serverless: vCPUs at once',
      service: 'emr-serverless',
      code: 'L-D05C8A75',
      needs: settings.sparkNightlyCpus + settings.sparkBackfillCpus,
      why: 'both applications at their most: sparkNightlyCpus and sparkBackfillCpus',
    },
  ]
}

/** What of a quota could be read: its value, or the permission that lacked. */
export type Read = number | { denied: string }

/** The account's values, by code: where it has none of its own, AWS's. What neither tells is left out; rejects where AWS cannot be asked. */
export async function readQuotas(
  needed: readonly Needed[],
  region: string,
  client: ServiceQuotasClient = new ServiceQuotasClient({ ...sdkOptions, region }),
): Promise<Map<string, Read>> {
  const values = new Map<string, Read>()
  for (const { service: ServiceCode, code: QuotaCode } of needed) {
    const named = { ServiceCode, QuotaCode }
    const value =
      (await told('GetServiceQuota', () => client.send(new GetServiceQuotaCommand(named)), region)) ??
      (await told('GetAWSDefaultServiceQuota', () => client.send(new GetAWSDefaultServiceQuotaCommand(named)), region))
    if (value !== undefined) values.set(QuotaCode, value)
  }
  return values
}

async function told(operation: string, ask: () => Promise<{ Quota?: ServiceQuota }>, region: string): Promise<Read | undefined> {
  const action = `servicequotas:${operation}`
  try {
    return (await ask()).Quota?.Value
  } catch (cause) {
    const name = errorName(cause)
    if (name === 'NoSuchResourceException') return undefined
    if (name === 'AccessDeniedException' || name === 'DependencyAccessDeniedException') return { denied: action }
    throw awsFailure(cause, { action, resource: `the quotas of ${region}` })
  }
}

/** What is enough, and what to ask for where it is not. */
export function judge(needed: readonly Needed[], values: ReadonlyMap<string, Read>): Judged[] {
  return needed.map(one => {
    const value = values.get(one.code)
    if (typeof value !== 'number') return { ...one, value: undefined, verdict: 'unknown', remedy: `${one.quota}: ${unknown(one, value)}` }
    if (value >= one.needs) return { ...one, value, verdict: 'ok' }
    // Quotas grow by asking, in a day or two; twice the need lasts a while.
    const ask = `aws service-quotas request-service-quota-increase --service-code ${one.service} --quota-code ${one.code} --desired-value ${2 * one.needs}`
    return { ...one, value, verdict: 'short', remedy: `${one.quota}: ${one.why}. Ask: ${ask}` }
  })
}

const unknown = ({ service, code, needs }: Needed, read: Exclude<Read, number> | undefined): string =>
  read
    ? `it may not be read: allow ${read.denied}, or look yourself; it must be ${needs} at least`
    : `AWS tells no quota ${code} of ${service} here: see whether the service is in this region; it must be ${needs} at least`
