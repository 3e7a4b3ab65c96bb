import { CreateScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler'
import { mockClient } from 'aws-sdk-client-mock'
import { scheduleName, schedulerTimers } from '../../shared/aws/timers.ts'
import type { NewEvent } from '../../shared/core/events.ts'
import { refusals, sdkError } from './sdk.ts'

const client = mockClient(SchedulerClient)
const now = Date.parse('2001-02-14T03:00:00Z')
const due: NewEvent = { type: 'RunDue', detail: { task: 'clean-orders', partition: '2001-02-14' } }
const published: NewEvent[] = []
const newTimers = () =>
  schedulerTimers({
    group: 'redeye-dev',
    role: 'arn:aws:iam::123456789012:role/redeye-dev-schedules',
    bus: 'redeye-dev',
    region: 'eu-west-1',
    deadLetters: 'https://sqs.eu-west-1.amazonaws.com/123456789012/redeye-dev-dead-letters',
    publisher: { publish: async events => void published.push(...events) },
    clock: { now: () => now },
  })
const schedules = () => client.commandCalls(CreateScheduleCommand).map(call => call.args[0].input)
beforeEach(() => {
  client.reset()
  client.on(CreateScheduleCommand).resolves({})
  published.length = 0
})

test('a timer is a one-time schedule that puts the event on the bus and deletes itself', async () => {
  const at = Date.parse('2001-02-14T04:30:00Z')
  await newTimers().set(at, due)
  expect(schedules()).toEqual([
    {
      Name: scheduleName(at, due),
      GroupName: 'redeye-dev',
      ScheduleExpression: 'at(2001-02-14T04:30:00)',
      ScheduleExpressionTimezone: 'UTC',
      FlexibleTimeWindow: { Mode: 'OFF' },
      ActionAfterCompletion: 'DELETE',
      Target: {
        Arn: 'arn:aws:events:eu-west-1:123456789012:event-bus/redeye-dev',
        RoleArn: 'arn:aws:iam::123456789012:role/redeye-dev-schedules',
        Input: '{"task":"clean-orders","partition":"2001-02-14"}',
        EventBridgeParameters: { DetailType: 'RunDue', Source: 'redeye' },
        DeadLetterConfig: { Arn: 'arn:aws:sqs:eu-west-1:123456789012:redeye-dev-dead-letters' },
      },
    },
  ])
  expect(published).toEqual([])
})

test('the name follows from time and event, and is one that AWS takes', () => {
  expect(scheduleName(1, due)).toMatch(/^RunDue-[0-9a-f]{40}$/)
  expect(scheduleName(1, due)).toBe(scheduleName(1, structuredClone(due)))
  expect(scheduleName(2, due)).not.toBe(scheduleName(1, due))
  expect(scheduleName(1, { type: 'RunDue', detail: { ...due.detail, partition: '2001-02-15' } } as NewEvent)).not.toBe(scheduleName(1, due))
  expect(scheduleName(1, { type: 'PartitionSkipped', detail: { dataset: 'd', partition: 'p' } }).length).toBeLessThanOrEqual(64)
})

test('a fraction of a second is rounded up: never before its time', async () => {
  await newTimers().set(now + 60_001, due)
  expect(schedules()[0]!.ScheduleExpression).toBe('at(2001-02-14T03:01:01)')
})

test('what is due in a moment is given the time to arrive', async () => {
  await newTimers().set(now + 10, due)
  expect(schedules()[0]!.ScheduleExpression).toBe('at(2001-02-14T03:00:05)')
})

test('what is due is published at once, and once', async () => {
  const timers = newTimers()
  await timers.set(now, due)
  await timers.set(now, due)
  await timers.set(now - 1, due)
  expect(published).toEqual([due, due])
  expect(schedules()).toEqual([])
})

test('what could not be published is published when it is set again', async () => {
  let down = true
  const timers = schedulerTimers({
    group: 'g',
    role: 'arn:aws:iam::1:role/r',
    bus: 'b',
    region: 'r',
    deadLetters: 'https://sqs/1/q',
    clock: { now: () => now },
    publisher: {
      async publish(events) {
        if (down) throw new Error('down')
        published.push(...events)
      },
    },
  })
  await expect(timers.set(1, due)).rejects.toThrow('down')
  down = false
  await timers.set(1, due)
  expect(published).toEqual([due])
})

test('a timer that is set already is no error', async () => {
  client.on(CreateScheduleCommand).rejects(sdkError('ConflictException', 'Schedule already exists', 409))
  await newTimers().set(now + 60_000, due)
})

test('without the group the platform is not deployed', async () => {
  client.on(CreateScheduleCommand).rejects(sdkError('ResourceNotFoundException', 'Schedule group redeye-dev does not exist.', 404))
  await expect(newTimers().set(now + 60_000, due)).rejects.toMatchObject({
    code: 'NOT_DEPLOYED',
    remedy: expect.stringContaining('sls deploy'),
  })
})

test.each(refusals)('%s', async (_, error, expected) => {
  client.on(CreateScheduleCommand).rejects(error)
  await expect(newTimers().set(now + 60_000, due)).rejects.toMatchObject({
    code: 'AWS_FAILED',
    ...expected,
    message: expect.stringContaining('scheduler:CreateSchedule on schedule/redeye-dev/RunDue-'),
  })
})
