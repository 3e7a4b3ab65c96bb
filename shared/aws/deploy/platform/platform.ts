import type { ServiceFunction } from '../service.ts'
import type { StageSettings } from '../stage-settings.ts'
import type { Parameter, Resources } from '../template.ts'
import { alarms } from './alarms.ts'
import { audit } from './audit.ts'
import { dashboard } from './dashboard.ts'
import { functionResources, functions, type PlatformFunction } from './functions.ts'
import { lake } from './lake.ts'
import { ledger, ledgerParameters } from './ledger.ts'
import { key, messages } from './messages.ts'
import { network } from './network.ts'
import { spark } from './spark.ts'
import { values } from './values.ts'

/** What a stage has once, whatever tasks it has. */
export interface PlatformStack {
  functions: Record<PlatformFunction, ServiceFunction>
  parameters: Record<string, Parameter>
  resources: Resources
}

export function platformStack(settings: StageSettings): PlatformStack {
  return {
    functions: functions(settings),
    parameters: ledgerParameters(settings),
    resources: {
      ...key(settings),
      ...ledger(settings),
      ...lake(settings),
      ...messages(settings),
      ...functionResources(settings),
      ...spark(settings),
      ...network(settings),
      ...alarms(settings),
      ...dashboard(settings),
      ...audit(settings),
      ...values(settings),
    },
  }
}
