import { SWEEP_MS } from '../../../engine/sweep.ts'
import { LATE_NIGHTS, NAMESPACE } from '../../metric.ts'
import { names } from '../names.ts'
import type { StageSettings } from '../stage-settings.ts'
import { att, type Resource, type Resources, ref, type Value } from '../template.ts'

/**
 * Six alarms a stage, however many tasks it has: a run that fails tells its owner by itself, so these are about the platform. What its
 * functions cannot do becomes a dead letter, and where the relay fails it falls behind, so errors need no alarm of their own.
 */
export function alarms(settings: StageSettings): Resources {
  const { stage } = settings
  return {
    DeadLettersAlarm: alarm(stage, 'dead-letters', {
      AlarmDescription: 'Something could not be handled: redeye dlq list',
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [dimension('QueueName', att('DeadLetters', 'QueueName'))],
      Statistic: 'Maximum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
    RelayAlarm: alarm(stage, 'relay-behind', {
      AlarmDescription: 'The relay is five minutes behind the ledger: see the log of its function',
      Namespace: 'AWS/Lambda',
      MetricName: 'IteratorAge',
      Dimensions: [dimension('FunctionName', names.lambda(stage, 'platform', 'relay'))],
      Statistic: 'Maximum',
      Period: 60,
      EvaluationPeriods: 3,
      // Nothing in a night takes longer to be heard of, unless the relay is stuck.
      Threshold: 300_000,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
    // Each sweep looks in the ledger for the nights that were due an hour ago, so one that is late is known by its date.
    NightAlarm: alarm(stage, NO_NIGHT, {
      AlarmDescription:
        'A date has no night (events/night-started.example.json begins one), or, for lack of data, no sweep looks: see the log of the sweep',
      Namespace: NAMESPACE,
      MetricName: LATE_NIGHTS,
      Dimensions: [dimension('stage', stage)],
      Statistic: 'Maximum',
      Period: SWEEP_MS / 1000,
      // One that finds a late night is enough; all three must be silent before silence is told.
      EvaluationPeriods: 3,
      DatapointsToAlarm: 1,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      // Nothing is wrong with a stage whose first sweep is still to come: an alarm begins without data, and tells only of getting there.
      TreatMissingData: 'missing',
      InsufficientDataActions: [ref('Topic')],
      ActionsEnabled: settings.site.active,
    }),
    TimersAlarm: alarm(stage, 'timers', {
      AlarmDescription: 'Timers could not publish what was due, and the sweep has to: see the role of schedules',
      Namespace: 'AWS/Scheduler',
      MetricName: 'InvocationDroppedCount',
      Dimensions: [dimension('ScheduleGroup', ref('ScheduleGroup'))],
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
    ThrottlesAlarm: alarm(stage, 'throttles', {
      AlarmDescription: 'The account’s concurrency is used up; work waits: redeye doctor says what to ask for',
      Namespace: 'AWS/Lambda',
      MetricName: 'Throttles',
      Statistic: 'Sum',
      Period: 300,
      // A burst of a night’s begin is throttled for a moment and made up for; a quarter of an hour of it is no burst.
      EvaluationPeriods: 3,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
    LedgerAlarm: alarm(stage, 'ledger', {
      AlarmDescription: 'The ledger’s table refuses writes: see its metrics',
      Namespace: 'AWS/DynamoDB',
      MetricName: 'WriteThrottleEvents',
      Dimensions: [dimension('TableName', ref('Table'))],
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 3,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
    }),
  }
}

/** What a region that stands by must not be alarmed by. */
export const NO_NIGHT = 'no-night'
/** An alarm's name. */
export const alarmName = (stage: string, name: string): string => `redeye-${stage}-${name}`

const dimension = (Name: string, Value: Value): Value => ({ Name, Value })

function alarm(stage: string, name: string, properties: { [key: string]: Value }): Resource {
  return {
    Type: 'AWS::CloudWatch::Alarm',
    Properties: {
      AlarmName: alarmName(stage, name),
      TreatMissingData: 'notBreaching',
      AlarmActions: [ref('Topic')],
      OKActions: [ref('Topic')],
      ...properties,
    },
  }
}
