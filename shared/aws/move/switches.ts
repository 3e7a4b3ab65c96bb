import { CloudWatchClient, DisableAlarmActionsCommand, EnableAlarmActionsCommand } from '@aws-sdk/client-cloudwatch'
import { DescribeRuleCommand, DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge'
import {
  type EventSourceMappingConfiguration,
  GetEventSourceMappingCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda'
import { GetScheduleCommand, SchedulerClient, UpdateScheduleCommand } from '@aws-sdk/client-scheduler'
import { RedeyeError } from '../../core/errors.ts'
import { names } from '../deploy/names.ts'
import { alarmName, NO_NIGHT } from '../deploy/platform/alarms.ts'
import { platformRule } from '../deploy/platform/functions.ts'
import { inTurns } from '../dynamodb-order.ts'
import { awsFailure, errorName, sdkOptions } from '../sdk.ts'
import type { Switches } from './region.ts'

export interface SwitchesOptions {
  stage: string
  region: string
  /** Waits; between two looks at the relay's source, which takes its time. */
  sleep(ms: number): Promise<unknown>
  clients?: SwitchClients
}
export interface SwitchClients {
  events: EventBridgeClient
  scheduler: SchedulerClient
  lambda: LambdaClient
  cloudwatch: CloudWatchClient
}

// EventBridge takes fifty such requests a second.
const AT_ONCE = 8
// A source is switched within seconds; one that is not after two minutes has a reason to be read in the console.
const LOOKS = 60
const LOOK_MS = 2000

/** A rule by its name, on the stage's bus or, where it is a schedule or of AWS's own events, on the account's default one. */
interface Rule {
  Name: string
  EventBusName?: string
}

/** The switches of a deployed stage in a region. */
export function stageSwitches({ stage, region, sleep, clients = clientsIn(region) }: SwitchesOptions): Switches {
  const { events, scheduler, lambda, cloudwatch } = clients
  const rules = (tasks: readonly string[]): Rule[] => {
    const EventBusName = names.bus(stage)
    const heard = [...(['night', 'requests', 'deliveries'] as const).map(name => platformRule(stage, name)), ...ofTasks('decide', tasks)]
    const onDefaultBus = [...(['sweep', 'jobs'] as const).map(name => platformRule(stage, name)), ...ofTasks('sweep', tasks)]
    return [...onDefaultBus.map(Name => ({ Name })), ...heard.map(Name => ({ Name, EventBusName }))]
  }
  const ofTasks = (what: string, tasks: readonly string[]) => tasks.map(task => names.rule(stage, task, what))
  const night = { Name: names.lambda(stage, 'platform', 'night'), GroupName: names.scheduleGroup(stage) }
  const relay = names.lambda(stage, 'platform', 'relay')
  const asked = (action: string, resource: string) => (cause: unknown) => {
    throw awsFailure(cause, { action, resource: `${resource} in ${region}` })
  }

  const sources = async () => {
    const { EventSourceMappings = [] } = await lambda
      .send(new ListEventSourceMappingsCommand({ FunctionName: relay }))
      .catch(cause => (isAbsent(cause) ? { EventSourceMappings: [] } : asked('lambda:ListEventSourceMappings', relay)(cause)))
    return EventSourceMappings
  }

  /** False where there is no such rule. */
  async function onRule(rule: Rule, command: DescribeRuleCommand | EnableRuleCommand | DisableRuleCommand): Promise<boolean> {
    try {
      await events.send(command as DescribeRuleCommand)
      return true
    } catch (cause) {
      if (isAbsent(cause)) return false
      return asked('events:EnableRule, events:DisableRule and events:DescribeRule', `rule/${rule.Name}`)(cause)
    }
  }

  async function setNight(on: boolean): Promise<void> {
    const schedule = await scheduler
      .send(new GetScheduleCommand(night))
      .catch(cause => (isAbsent(cause) && !on ? undefined : asked('scheduler:GetSchedule', `schedule/${night.Name}`)(cause)))
    const State = on ? 'ENABLED' : 'DISABLED'
    if (!schedule || schedule.State === State) return
    // An update says everything anew.
    const { ScheduleExpression, ScheduleExpressionTimezone, FlexibleTimeWindow, Target, Description } = schedule
    const same = { ScheduleExpression, ScheduleExpressionTimezone, FlexibleTimeWindow, Target, Description }
    await scheduler
      .send(new UpdateScheduleCommand({ ...night, ...same, State }))
      .catch(asked('scheduler:UpdateSchedule', `schedule/${night.Name}`))
  }

  async function setRelay(on: boolean): Promise<void> {
    for (const source of await sources()) {
      if (isOn(source) !== on)
        await lambda
          .send(new UpdateEventSourceMappingCommand({ UUID: source.UUID, Enabled: on }))
          .catch(asked('lambda:UpdateEventSourceMapping', relay))
      await settled(source.UUID!, on)
    }
  }

  async function settled(UUID: string, on: boolean): Promise<void> {
    for (let looks = 0; looks < LOOKS; looks++) {
      const { State } = await lambda.send(new GetEventSourceMappingCommand({ UUID })).catch(asked('lambda:GetEventSourceMapping', relay))
      if (State === (on ? 'Enabled' : 'Disabled')) return
      await sleep(LOOK_MS)
    }
    throw new RedeyeError('AWS_FAILED', `the source of ${relay} in ${region} does not get ${on ? 'enabled' : 'disabled'}`, {
      remedy: 'see its state in the console of Lambda, and run the command again',
    })
  }

  async function setAlarm(on: boolean): Promise<void> {
    const AlarmNames = [alarmName(stage, NO_NIGHT)]
    await cloudwatch
      .send(on ? new EnableAlarmActionsCommand({ AlarmNames }) : new DisableAlarmActionsCommand({ AlarmNames }))
      .catch(asked(`cloudwatch:${on ? 'Enable' : 'Disable'}AlarmActions`, AlarmNames[0]!))
  }

  return {
    async missing(tasks) {
      const absent: string[] = []
      await inTurns(rules(tasks), AT_ONCE, async rule => {
        if (!(await onRule(rule, new DescribeRuleCommand(rule)))) absent.push(`the rule ${rule.Name}`)
      })
      if ((await sources()).length === 0) absent.push('the relay’s source, the stream of the ledger’s replica')
      return absent.sort()
    },
    async set(on, tasks) {
      // Off, beginnings go first; on, they come last: in between nothing begins that nobody would relay.
      const all = rules(tasks)
      const setRules = () =>
        inTurns(all, AT_ONCE, async rule => {
          const found = await onRule(rule, on ? new EnableRuleCommand(rule) : new DisableRuleCommand(rule))
          if (on && !found)
            throw new RedeyeError('NOT_DEPLOYED', `there is no rule ${rule.Name} in ${region}`, {
              remedy: `deploy the stage there: redeye deploy --stage ${stage} --region ${region}`,
            })
        })
      const steps = [() => setNight(on), setRules, () => setRelay(on)]
      for (const step of on ? steps.toReversed() : steps) await step()
      await setAlarm(on)
    },
  }
}

const isOn = ({ State = '' }: EventSourceMappingConfiguration) => !['Disabled', 'Disabling'].includes(State)
const isAbsent = (cause: unknown) => errorName(cause) === 'ResourceNotFoundException'

function clientsIn(region: string): SwitchClients {
  const options = { ...sdkOptions, region }
  return {
    events: new EventBridgeClient(options),
    scheduler: new SchedulerClient(options),
    lambda: new LambdaClient(options),
    cloudwatch: new CloudWatchClient(options),
  }
}
