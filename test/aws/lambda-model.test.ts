import { jest } from '@jest/globals'
import fc from 'fast-check'
import type { Fault } from './lambda-model.ts'
import { StageModel } from './lambda-model-world.ts'

const DAY = '2026-03-02'
const HOUR_MIN = 60

/** The functions' behaviour in AWS's own semantics of asynchronous invocation, destinations and streams, which no emulator has. */
describe('a stage', () => {
  let stage: StageModel
  const report = () => stage.run('report', DAY)
  beforeEach(async () => {
    jest.spyOn(console, 'error').mockImplementation(() => {})
    stage = new StageModel()
    await stage.register()
  })
  afterEach(() => {
    stage.close()
    jest.restoreAllMocks()
  })
  const throws = (times: number) => Array.from({ length: times }, () => ({ fault: 'throws', error: new Error('unwell') }) as const)

  test('in which nothing goes wrong works each run once, and leaves no letter', async () => {
    await stage.deliver(DAY)
    await stage.minutes(1)
    expect(await report()).toMatchObject({ state: 'succeeded', generation: 1, attempt: 1, version: { number: 1 } })
    expect(stage.worked).toEqual([`cleaning@${DAY}`, `reporting@${DAY}`])
    expect(stage.letters).toEqual([])
  })

  test('in which every event comes twice works each run once', async () => {
    stage.lambda.twice = true
    await stage.deliver(DAY)
    await stage.minutes(HOUR_MIN)
    expect(await report()).toMatchObject({ state: 'succeeded', version: { number: 1 } })
    expect(stage.worked).toEqual([`cleaning@${DAY}`, `reporting@${DAY}`])
  })

  describe('decide', () => {
    test('that fails twice is tried again by Lambda, and then works', async () => {
      stage.lambda.meet('cleaning-decide', ...throws(2))
      await stage.deliver(DAY)
      await stage.minutes(2)
      expect(await report()).toBeUndefined()
      await stage.minutes(2)
      expect(await report()).toMatchObject({ state: 'succeeded' })
      expect(stage.letters).toEqual([])
    })

    test('that fails three times leaves its event to the dead letters, and the sweep does what it would have done', async () => {
      stage.lambda.meet('cleaning-decide', ...throws(3))
      await stage.deliver(DAY)
      await stage.minutes(10)
      expect(stage.letters).toMatchObject([
        {
          requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
          requestPayload: { 'detail-type': 'DatasetReady', detail: { dataset: 'orders', partition: DAY } },
          responsePayload: { errorMessage: 'unwell' },
        },
      ])
      expect(await report()).toBeUndefined()
      await stage.sweep()
      expect(await report()).toMatchObject({ state: 'succeeded' })
    })

    test('that dies after it has claimed is tried again, and starts no second attempt', async () => {
      stage.lambda.meet('cleaning-decide', { fault: 'killed', after: true })
      await stage.deliver(DAY)
      await stage.minutes(10)
      expect(stage.worked).toEqual([`cleaning@${DAY}`, `reporting@${DAY}`])
    })

    test('that is throttled for hours loses nothing', async () => {
      stage.lambda.meet('cleaning-decide', ...Array.from({ length: 20 }, () => ({ fault: 'throttled' }) as const))
      await stage.deliver(DAY)
      await stage.minutes(6 * HOUR_MIN)
      expect(await report()).toMatchObject({ state: 'succeeded' })
      expect(stage.letters).toEqual([])
    })

    test('puts a poison event aside at once with its reason, is not tried again, and the rest goes on', async () => {
      stage.send({ type: 'RunDue', detail: { task: 'cleaning', partition: 'no-day' } })
      await stage.deliver(DAY)
      await stage.minutes(1)
      expect(stage.letters).toMatchObject([
        {
          function: 'cleaning',
          reason: expect.stringContaining('"no-day"'),
          event: { 'detail-type': 'RunDue', detail: { partition: 'no-day' } },
        },
      ])
      expect(stage.lambda.invoked.filter(name => name === 'cleaning-decide')).toHaveLength(2)
      expect(await report()).toMatchObject({ state: 'succeeded' })
    })
  })

  describe('what an operator says', () => {
    const partition = DAY
    test.each<[string, string, object, string]>([
      ['of a run of no task', 'RunCancelled', { task: 'cleanin', partition }, 'UNKNOWN_NAME: no task "cleanin" is deployed'],
      ['of a held run of no task', 'RunApproved', { task: 'cleanin', partition }, 'UNKNOWN_NAME: no task "cleanin" is deployed'],
      ['of no task', 'TaskPaused', { task: 'cleanin' }, 'UNKNOWN_NAME: no task "cleanin" is deployed'],
      ['of no dataset', 'PartitionSkipped', { dataset: 'order', partition }, 'UNKNOWN_NAME: no dataset "order" is deployed'],
      ['by no event’s name', 'RunCanceled', { task: 'cleaning', partition }, 'BAD_EVENT: there is no event "RunCanceled"'],
      ['without saying of which', 'RunCancelled', { partition }, 'BAD_EVENT: RunCancelled: task is missing'],
    ])('%s is put aside once with its reason, and somebody is told', async (_, type, detail, reason) => {
      stage.send({ type, detail })
      await stage.minutes(HOUR_MIN)
      expect(stage.letters).toMatchObject([
        { function: 'platform/requests', reason: expect.stringContaining(reason), event: { 'detail-type': type, detail } },
      ])
      expect(stage.told).toEqual([expect.stringContaining(`could not handle ${type}: ${reason}`)])
      expect(stage.lambda.invoked).toEqual(['platform-requests'])
    })

    test('of a run is heeded once, and of a run that is none refused once', async () => {
      stage.send({ type: 'RunCancelled', detail: { task: 'cleaning', partition } })
      stage.send({ type: 'RunCancelled', detail: { task: 'cleaning', partition: 'no-day' } })
      await stage.minutes(HOUR_MIN)
      expect(await stage.run('clean', DAY)).toMatchObject({ heard: [expect.any(String)] })
      expect(stage.letters).toMatchObject([{ function: 'cleaning', event: { detail: { partition: 'no-day' } } }])
    })
  })

  test('in which everything is ordinary asks nothing of who hears what nobody else does', async () => {
    await stage.deliver(DAY)
    await stage.minutes(HOUR_MIN)
    expect(await report()).toMatchObject({ state: 'succeeded' })
    expect(stage.lambda.invoked).not.toContain('platform-requests')
  })

  describe('work', () => {
    test('that is killed for memory ends its attempt at once as resources, with an alert', async () => {
      stage.lambda.meet('cleaning-work', { fault: 'killed' })
      await stage.deliver(DAY)
      await stage.minutes(1)
      expect(await stage.run('clean', DAY)).toMatchObject({ state: 'failed', error: { failure: 'resources', code: 'OUT_OF_MEMORY' } })
      expect(stage.alerts).toEqual([`cleaning@${DAY} resources`])
    })

    test('that runs out of Lambda’s time is a timeout, and the next attempt follows at once', async () => {
      stage.lambda.meet('cleaning-work', { fault: 'timed out' })
      await stage.deliver(DAY)
      await stage.minutes(1)
      expect(await stage.run('clean', DAY)).toMatchObject({ state: 'succeeded', generation: 1, attempt: 2 })
      expect(await report()).toMatchObject({ state: 'succeeded' })
    })

    test('that ends for another reason is lost, and the next attempt follows at once', async () => {
      stage.lambda.meet('cleaning-work', ...throws(1))
      await stage.deliver(DAY)
      await stage.minutes(1)
      expect(await stage.run('clean', DAY)).toMatchObject({ state: 'succeeded', attempt: 2 })
    })

    test('that dies after it has published has published', async () => {
      stage.lambda.meet('cleaning-work', { fault: 'killed', after: true })
      await stage.deliver(DAY)
      await stage.minutes(1)
      expect(await stage.run('clean', DAY)).toMatchObject({ state: 'succeeded', attempt: 1, version: { number: 1 } })
      expect(await report()).toMatchObject({ state: 'succeeded' })
      expect(stage.alerts).toEqual([])
    })

    test('that is never begun is found lost when its event has become too old', async () => {
      stage.lambda.meet('cleaning-work', ...Array.from({ length: 200 }, () => ({ fault: 'throttled' }) as const))
      await stage.deliver(DAY)
      await stage.minutes(7 * HOUR_MIN)
      expect(await stage.run('clean', DAY)).toMatchObject({ state: 'running', attempt: 2 })
    })

    test('whose failure nobody hears of is found by the sweep when its lease is over', async () => {
      stage.lambda.meet('cleaning-work', ...throws(1))
      stage.lambda.meet('cleaning-decide', { fault: 'throws', error: new Error('not this one'), after: true }, ...throws(5))
      await stage.deliver(DAY)
      await stage.minutes(HOUR_MIN)
      expect(await stage.run('clean', DAY)).toMatchObject({ state: 'running', attempt: 1 })
      await stage.sweep()
      expect(await stage.run('clean', DAY)).toMatchObject({ state: 'succeeded', attempt: 2 })
    })
  })

  describe('the relay', () => {
    const days = Array.from({ length: 9 }, (_, i) => `2026-03-0${i + 1}`).slice(0, 8)
    const succeeded = async () => {
      const docs = await Promise.all(days.map(day => stage.run('report', day)))
      return docs.filter(doc => doc?.state === 'succeeded' && doc.version?.number === 1).length
    }

    test('that cannot publish goes on from the first event that it could not', async () => {
      let refusals = 5
      stage.refuses = event => event.type === 'DatasetReady' && event.detail.partition === '2026-03-03' && refusals-- > 0
      for (const day of days) await stage.deliver(day)
      await stage.minutes(HOUR_MIN)
      expect(refusals).toBeLessThan(0)
      expect(await succeeded()).toBe(days.length)
      expect(stage.stream.givenUp).toEqual([])
      expect(stage.worked).toHaveLength(2 * days.length)
    })

    test('does not hold back the rest for a record that fails for ever; its place goes to the dead letters, and the sweep repairs', async () => {
      stage.refuses = event => event.type === 'DatasetReady' && event.detail.dataset === 'orders' && event.detail.partition === '2026-03-03'
      for (const day of days) await stage.deliver(day)
      await stage.minutes(HOUR_MIN)
      expect(await succeeded()).toBe(days.length - 1)
      expect(stage.stream.givenUp).toMatchObject([{ DDBStreamBatchInfo: { batchSize: 1 } }])
      await stage.sweep()
      await stage.minutes(1)
      expect(await succeeded()).toBe(days.length)
    })

    test('that throws, is killed or runs out of time is given the batch again', async () => {
      stage.lambda.meet('platform-relay', ...throws(1), { fault: 'killed', after: true }, { fault: 'timed out' })
      for (const day of days) await stage.deliver(day)
      await stage.minutes(HOUR_MIN)
      expect(await succeeded()).toBe(days.length)
      expect(stage.worked).toHaveLength(2 * days.length)
      expect(stage.stream.givenUp).toEqual([])
    })

    test('that was off for longer than the stream remembers is made up for by the sweep', async () => {
      stage.stream.enabled = false
      for (const day of days) await stage.deliver(day)
      await stage.minutes(25 * HOUR_MIN)
      stage.stream.resume()
      await stage.minutes(1)
      expect(await succeeded()).toBe(0)
      await stage.sweep()
      await stage.minutes(1)
      expect(await succeeded()).toBe(days.length)
    })

    test('keeps each document’s order: of two versions the later is announced last', async () => {
      const announced: number[] = []
      stage.loses = event => {
        if (event.type === 'DatasetReady' && event.detail.dataset === 'orders') announced.push(event.detail.number)
        return false
      }
      let refusals = 4
      stage.refuses = event => event.type === 'DatasetReady' && refusals-- > 0
      await stage.deliver(DAY)
      await stage.deliver(DAY)
      await stage.minutes(HOUR_MIN)
      expect(announced).toEqual([...announced].sort())
      expect(await report()).toMatchObject({ state: 'succeeded' })
      expect((await stage.run('clean', DAY))!.pins!.inputs).toMatchObject([[[expect.anything(), expect.anything(), 2, 2, 1]]])
    })
  })

  test('in which events are lost on their way is repaired by the sweep', async () => {
    let lost = 0
    stage.loses = event => event.type === 'DatasetReady' && lost++ < 2
    await stage.deliver(DAY)
    await stage.minutes(5)
    await stage.sweep()
    await stage.minutes(1)
    await stage.sweep()
    await stage.minutes(1)
    expect(await report()).toMatchObject({ state: 'succeeded', version: { number: 1 } })
  })
})

describe('whatever goes wrong', () => {
  const error = new Error('unwell')
  const anyFault: fc.Arbitrary<Fault> = fc.oneof(
    fc.record({ fault: fc.constant('throws' as const), error: fc.constant(error), after: fc.boolean() }),
    fc.record({ fault: fc.constant('timed out' as const), after: fc.boolean() }),
    fc.record({ fault: fc.constant('killed' as const), after: fc.boolean() }),
    fc.constant<Fault>({ fault: 'throttled' }),
  )
  // A worker that is killed for memory fails its run for good, and a third loss would too.
  const workFault: fc.Arbitrary<Fault> = fc.oneof(
    fc.record({ fault: fc.constant('throws' as const), error: fc.constant(error), after: fc.boolean() }),
    fc.constant<Fault>({ fault: 'throttled' }),
  )
  const functions = ['cleaning-decide', 'reporting-decide', 'platform-relay'] as const
  const night = fc.record({
    faults: fc.record(Object.fromEntries(functions.map(name => [name, fc.array(anyFault, { maxLength: 12 })]))),
    work: fc.record({ 'cleaning-work': fc.array(workFault, { maxLength: 2 }), 'reporting-work': fc.array(workFault, { maxLength: 2 }) }),
    deliveries: fc.array(fc.record({ day: fc.integer({ min: 1, max: 4 }), minutes: fc.integer({ min: 0, max: 40 }) }), {
      minLength: 1,
      maxLength: 7,
    }),
    refused: fc.array(fc.boolean(), { maxLength: 30 }),
    lost: fc.array(fc.boolean(), { maxLength: 20 }),
    twice: fc.boolean(),
  })

  test('every run works on the newest of its inputs in the end, and each version is published once', async () => {
    jest.spyOn(console, 'error').mockImplementation(() => {})
    await fc.assert(
      fc.asyncProperty(night, async ({ faults, work, deliveries, refused, lost, twice }) => {
        const stage = new StageModel()
        try {
          await stage.register()
          stage.lambda.twice = twice
          for (const [name, list] of Object.entries({ ...faults, ...work })) stage.lambda.meet(name, ...(list ?? []))
          const refusals = [...refused]
          const losses = [...lost]
          stage.refuses = () => refusals.shift() ?? false
          stage.loses = () => losses.shift() ?? false
          const versions = new Map<string, number>()
          for (const { day, minutes } of deliveries) {
            const partition = `2026-03-0${day}`
            versions.set(partition, (versions.get(partition) ?? 0) + 1)
            await stage.deliver(partition)
            await stage.minutes(minutes)
          }
          for (let quarters = 0; quarters < 16; quarters++) {
            await stage.sweep()
            await stage.minutes(14)
          }
          for (const [partition, delivered] of versions) {
            const clean = (await stage.run('clean', partition))!
            const report = (await stage.run('report', partition))!
            expect([partition, clean.state, report.state]).toEqual([partition, 'succeeded', 'succeeded'])
            expect(clean.pins!.inputs[0]![0]![2]).toBe(delivered)
            expect(report.pins!.inputs[0]![0]![2]).toBe(clean.version!.number)
            // A generation publishes once, and no more generations there are than reasons.
            expect(clean.version!.number).toBe(clean.generation)
            expect(clean.generation).toBeLessThanOrEqual(delivered)
          }
        } finally {
          stage.close()
        }
      }),
      { numRuns: 30 },
    )
  })
})
