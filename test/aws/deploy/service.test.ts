import { names } from '../../../shared/aws/deploy/names.ts'
import { serviceStack } from '../../../shared/aws/deploy/service.ts'
import { onlySite } from '../../../shared/aws/deploy/stage-settings.ts'
import { readSettings } from '../../../shared/aws/settings.ts'
import { resolve } from './resolve.ts'
import { settings, taskOf } from './tasks.ts'

const airportDay = taskOf('airport-day')
const stack = serviceStack(airportDay, settings({ zone: 'America/New_York', laneLimits: { backfill: 4 } }))

test('a service is two functions: one decides, one works', () => {
  expect(stack.functions).toMatchObject({
    decide: { name: 'redeye-dev-task-airport-day-decide', memorySize: 512, timeout: 60, role: 'DecideRole' },
    work: { name: 'redeye-dev-task-airport-day-work', memorySize: 1769, timeout: 900, role: 'WorkRole', recursiveLoop: 'Allow' },
  })
  expect(stack.functions.work!.vpc).toBeUndefined()
})

test('an attempt may be traced, a decision never is: Lambda would choose more of them than anybody asked for', () => {
  const tracing = (traces: number) => {
    const { decide, work } = serviceStack(airportDay, settings({ traces })).functions
    return [decide!.tracing, work!.tracing, decide!.environment.REDEYE_TRACES]
  }
  expect(tracing(0.01)).toEqual([undefined, 'Active', '0.01'])
  expect(tracing(0)).toEqual([undefined, undefined, undefined])
})

test('memory and network are the task’s to say', () => {
  const { work } = serviceStack({ ...airportDay, memoryMb: 4096, network: 'private' }, settings()).functions
  const subnetIds = [0, 1].map(i => ({ 'Fn::Select': [i, { Ref: 'Subnets' }] }))
  expect(work).toMatchObject({ memorySize: 4096, vpc: { subnetIds, securityGroupIds: [{ Ref: 'SecurityGroup' }] } })
})

test('the environment is what a deployed function reads', () => {
  const environment = resolve({ ...stack.functions.decide!.environment, REDEYE_DEAD_LETTERS: 'https://sqs/1/letters' }) as Record<
    string,
    string
  >
  expect(readSettings(environment)).toMatchObject({
    stage: 'dev',
    zone: 'America/New_York',
    table: 'redeye-dev',
    work: 'redeye-dev-task-airport-day-work',
    laneLimits: { backfill: 4 },
  })
})

test('work is never repeated by Lambda, and its failures go to decide; decisions are repeated, and then laid aside', () => {
  expect(failures('Work')).toMatchObject({
    MaximumRetryAttempts: 0,
    DestinationConfig: { OnFailure: { Destination: 'arn:aws:lambda:eu-west-1:123456789012:function:redeye-dev-task-airport-day-decide' } },
  })
  expect(failures('Decide')).toMatchObject({
    MaximumRetryAttempts: 2,
    DestinationConfig: { OnFailure: { Destination: 'arn:aws:sqs:eu-west-1:123456789012:redeye-dev-dead-letters' } },
  })
})

/** What Lambda is told of failed invocations; the function itself is osls's to name. */
const failures = (name: string) => resolve({ ...stack.resources[`${name}Failures`]!.Properties!, FunctionName: '' })

test('one rule wakes it, and a schedule that heeds no event, both of which stand still in a region that stands by', () => {
  const rules = (active: boolean) =>
    Object.values(serviceStack(airportDay, settings({ site: { ...onlySite, active } })).resources)
      .filter(r => r.Type === 'AWS::Events::Rule')
      .map(r => [r.Properties!.ScheduleExpression ?? 'events', r.Properties!.State])
  expect(rules(true)).toEqual([
    ['events', 'ENABLED'],
    ['rate(15 minutes)', 'ENABLED'],
  ])
  expect(rules(false)).toEqual([
    ['events', 'DISABLED'],
    ['rate(15 minutes)', 'DISABLED'],
  ])
})

test('platform values come from SSM when it is deployed; only those it needs', () => {
  expect(stack.parameters.Bus).toMatchObject({ Type: 'AWS::SSM::Parameter::Value<String>', Default: names.parameter('dev', 'bus') })
  expect(Object.keys(stack.parameters)).toContain('SparkNightly')
  const load = serviceStack(taskOf('load-routes'), settings()).parameters
  expect(Object.keys(load)).not.toContain('SparkNightly')
  expect(Object.keys(load)).not.toContain('Subnets')
})
