import type { Effect, RunDoc } from '../../shared/core/run.ts'
import { settle } from '../../shared/engine/effects.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: a keyed task, and who waits for it
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  regions: { partition: { keys: [emea, apac] } }
  by-day: { partition: daily, from: 2026-03-01 }
  by-region: { partition: { keys: [emea, apac] } }
tasks:
  reading: { inputs: {}, output: regions }
  daily-report: { inputs: { regions: all, orders: same }, output: by-day }
  region-report: { inputs: { regions: { map: same } }, output: by-region }
steps: []
`,
  'effects.yaml',
)
const key = runKey('regions', 'emea')
const failed: RunDoc = {
  v: 1,
  dataset: 'regions',
  partition: 'emea',
  task: 'reading',
  state: 'failed',
  generation: 2,
  attempt: 3,
  error: { failure: 'user', message: 'm' },
}
const alert: Effect = { effect: 'alert', generation: 2 }
const stop: Effect = { effect: 'stop', generation: 1, attempt: 4 }

let host: StoryHost
let told: unknown[]
const doc = async () => (await host.ledger.get<RunDoc>(key))!.doc
beforeEach(async () => {
  host = new StoryHost(story, story.now)
  await host.deploy()
  told = []
  host.world.notifier.alert = async said => void told.push(said)
  host.world.notifier.notice = async said => void told.push(said)
  host.world.workers.stop = async said => void told.push(said)
})

test('what stops an attempt ends its job', async () => {
  const cancelled: string[] = []
  host.world.spark = { submit: async () => '', status: async () => undefined, cancel: async id => void cancelled.push(id) }
  await host.ledger.put(key, { ...failed, effects: [{ ...stop, job: 'j1' }] }, 0)
  await settle(host.world, key)
  expect(cancelled).toEqual(['j1'])
})

test('what stands in a document happens, and is taken out', async () => {
  await host.ledger.put(key, { ...failed, effects: [alert, { effect: 'notice' }, stop] }, 0)
  await settle(host.world, key)
  expect(told).toEqual([
    { task: 'reading', partition: 'emea', generation: 2, error: { failure: 'user', message: 'm' }, waiting: [] },
    { task: 'reading', partition: 'emea', run: expect.objectContaining({ state: 'failed' }) },
    { task: 'reading', dataset: 'regions', partition: 'emea', generation: 1, attempt: 4 },
  ])
  expect(await doc()).toEqual(failed)
  await settle(host.world, key)
  expect(told).toHaveLength(3)
})

test('what came meanwhile stays, and nothing is written where all of it is gone already', async () => {
  await host.ledger.put(key, { ...failed, effects: [alert] }, 0)
  host.world.notifier.alert = async () => void (await host.ledger.put(key, { ...failed, effects: [alert, stop] }, 1))
  await settle(host.world, key)
  expect((await doc()).effects).toEqual([stop])
  host.world.workers.stop = async () => {
    const { rev } = (await host.ledger.get(key))!
    await host.ledger.put(key, failed, rev)
  }
  const { put } = host.ledger.requests
  await settle(host.world, key)
  expect(host.ledger.requests.put).toBe(put + 1)
  expect(await doc()).toEqual(failed)
})

test('what others stand in its place by now is not written anew', async () => {
  await host.ledger.put(key, { ...failed, effects: [alert] }, 0)
  host.world.notifier.alert = async () => void (await host.ledger.put(key, { ...failed, effects: [stop] }, 1))
  const { put } = host.ledger.requests
  await settle(host.world, key)
  expect(host.ledger.requests.put).toBe(put + 1)
  expect((await doc()).effects).toEqual([stop])
})

test('what did not happen stays', async () => {
  await host.ledger.put(key, { ...failed, effects: [alert] }, 0)
  host.world.notifier.alert = async () => {
    throw new Error('nobody answers')
  }
  await expect(settle(host.world, key)).rejects.toThrow('nobody answers')
  expect((await doc()).effects).toEqual([alert])
})

test('an alert names the runs that wait: of the partition, or of the whole dataset, each once', async () => {
  const wait = (dataset: string, partition: string, task: string, state: RunDoc['state'] = 'waiting') =>
    host.ledger.put(runKey(dataset, partition), { v: 1, dataset, partition, task, state, generation: 0, attempt: 0 }, 0)
  await wait('by-day', '2026-03-02', 'daily-report')
  await wait('by-day', '2026-03-03', 'daily-report', 'queued')
  await wait('by-region', 'emea', 'region-report')
  await wait('by-region', 'apac', 'region-report')
  await host.ledger.put(key, { ...failed, effects: [alert] }, 0)
  await settle(host.world, key)
  expect(told).toEqual([expect.objectContaining({ waiting: ['daily-report@2026-03-02', 'region-report@emea'] })])
})

test('of nothing nothing happens', async () => {
  await settle(host.world, key)
  await host.ledger.put(key, failed, 0)
  await settle(host.world, key)
  expect([told, host.ledger.requests.put]).toEqual([[], expect.any(Number)])
  expect(await doc()).toEqual(failed)
})
