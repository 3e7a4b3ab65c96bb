import { CloudWatchClient, DisableAlarmActionsCommand, EnableAlarmActionsCommand } from '@aws-sdk/client-cloudwatch'
import { DescribeRuleCommand, DisableRuleCommand, EnableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge'
import {
  GetEventSourceMappingCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda'
import { GetScheduleCommand, SchedulerClient, UpdateScheduleCommand } from '@aws-sdk/client-scheduler'
import { mockClient } from 'aws-sdk-client-mock'
import { stageSwitches } from '../../../shared/aws/move/switches.ts'
import { refusals, sdkError } from '../sdk.ts'

const events = mockClient(EventBridgeClient)
const scheduler = mockClient(SchedulerClient)
const lambda = mockClient(LambdaClient)
const cloudwatch = mockClient(CloudWatchClient)
const order: string[] = []
const schedule = {
  Name: 'redeye-dev-platform-night',
  GroupName: 'redeye-dev',
  ScheduleExpression: 'cron(30 3 * * ? *)',
  ScheduleExpressionTimezone: 'Europe/Madrid',
  FlexibleTimeWindow: { Mode: 'OFF' as const },
  Target: { Arn: 'arn:night', RoleArn: 'arn:role' },
  Description: 'Every day',
}
const onBus = ['night', 'requests', 'deliveries'].map(name => `redeye-dev-platform-${name}`)
const swept = ['redeye-dev-platform-sweep', 'redeye-dev-platform-jobs', 'redeye-dev-task-airport-day-sweep']
const switches = () => stageSwitches({ stage: 'dev', region: 'eu-central-1', sleep: async () => void order.push('wait') })

beforeEach(() => {
  for (const client of [events, scheduler, lambda, cloudwatch]) client.reset()
  order.length = 0
  const note = (what: string) => async () => void order.push(what)
  events.on(EnableRuleCommand).callsFake(note('rule'))
  events.on(DisableRuleCommand).callsFake(note('rule'))
  events.on(DescribeRuleCommand).resolves({})
  scheduler.on(GetScheduleCommand).resolves({ ...schedule, State: 'ENABLED' })
  scheduler.on(UpdateScheduleCommand).callsFake(note('night'))
  lambda.on(ListEventSourceMappingsCommand).resolves({ EventSourceMappings: [{ UUID: 'u', State: 'Enabled' }] })
  lambda.on(UpdateEventSourceMappingCommand).callsFake(note('relay'))
  lambda.on(GetEventSourceMappingCommand).resolves({ State: 'Disabled' })
  cloudwatch.on(DisableAlarmActionsCommand).resolves({})
  cloudwatch.on(EnableAlarmActionsCommand).resolves({})
})

test('off: the night first, then every rule, then the relay, and no alarm for a night that is not', async () => {
  await switches().set(false, ['airport-day'])
  const disabled = events.commandCalls(DisableRuleCommand).map(call => call.args[0].input)
  expect(disabled).toEqual([
    ...swept.map(Name => ({ Name })),
    ...[...onBus, 'redeye-dev-task-airport-day-decide'].map(Name => ({ Name, EventBusName: 'redeye-dev' })),
  ])
  expect(scheduler.commandCalls(UpdateScheduleCommand)[0]!.args[0].input).toEqual({ ...schedule, State: 'DISABLED' })
  expect(lambda.commandCalls(ListEventSourceMappingsCommand)[0]!.args[0].input).toEqual({ FunctionName: 'redeye-dev-platform-relay' })
  expect(lambda.commandCalls(UpdateEventSourceMappingCommand)[0]!.args[0].input).toEqual({ UUID: 'u', Enabled: false })
  expect(cloudwatch.commandCalls(DisableAlarmActionsCommand)[0]!.args[0].input).toEqual({ AlarmNames: ['redeye-dev-no-night'] })
  expect([...new Set(order)]).toEqual(['night', 'rule', 'relay'])
})

test('on: the other way round; what is so already stays, and the relay is waited for', async () => {
  scheduler.on(GetScheduleCommand).resolves({ ...schedule, State: 'DISABLED' })
  lambda.on(ListEventSourceMappingsCommand).resolves({ EventSourceMappings: [{ UUID: 'u', State: 'Enabling' }] })
  lambda.on(GetEventSourceMappingCommand).resolvesOnce({ State: 'Enabling' }).resolves({ State: 'Enabled' })
  await switches().set(true, ['airport-day'])
  expect(lambda.commandCalls(UpdateEventSourceMappingCommand)).toHaveLength(0)
  expect([...new Set(order)]).toEqual(['wait', 'rule', 'night'])
  expect(events.commandCalls(EnableRuleCommand)).toHaveLength(7)
  expect(cloudwatch.commandCalls(EnableAlarmActionsCommand)).toHaveLength(1)
})

test('what is not there has nothing to be switched off, and cannot be switched on', async () => {
  const absent = sdkError('ResourceNotFoundException')
  events.on(DisableRuleCommand).rejects(absent)
  events.on(EnableRuleCommand).rejects(absent)
  scheduler.on(GetScheduleCommand).rejects(absent)
  lambda.on(ListEventSourceMappingsCommand).rejects(absent)
  await switches().set(false, ['airport-day'])
  await expect(switches().set(true, ['airport-day'])).rejects.toMatchObject({
    code: 'NOT_DEPLOYED',
    message: expect.stringMatching(/^there is no rule redeye-dev-.* in eu-central-1$/),
    remedy: expect.stringContaining('redeye deploy --stage dev --region eu-central-1'),
  })
})

test('what is missing is told before anything is moved', async () => {
  expect(await switches().missing(['airport-day'])).toEqual([])
  events.on(DescribeRuleCommand, { Name: 'redeye-dev-task-airport-day-decide' }).rejects(sdkError('ResourceNotFoundException'))
  lambda.on(ListEventSourceMappingsCommand).resolves({})
  expect(await switches().missing(['airport-day'])).toEqual([
    'the relay’s source, the stream of the ledger’s replica',
    'the rule redeye-dev-task-airport-day-decide',
  ])
})

test('a relay that does not settle is no success', async () => {
  lambda.on(GetEventSourceMappingCommand).resolves({ State: 'Disabling' })
  await expect(switches().set(false, [])).rejects.toMatchObject({
    code: 'AWS_FAILED',
    message: expect.stringContaining('does not get disabled'),
  })
})

test.each(refusals)('%s', async (_, error, expected) => {
  events.on(DisableRuleCommand).rejects(error)
  await expect(switches().set(false, [])).rejects.toMatchObject(expected)
})
