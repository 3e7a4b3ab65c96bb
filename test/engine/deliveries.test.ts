import type { Envelope } from '../../shared/core/events.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { deliveries, type Inspect, recordVersion } from '../../shared/engine/deliveries.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: data from outside
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
steps: []
`,
  'deliveries.yaml',
)
const manifest = { rows: 3, bytes: 5, schemaHash: 's' } as Awaited<ReturnType<Inspect>>

describe('what is delivered from outside', () => {
  let host: StoryHost
  let inspected: Parameters<Inspect>[0][]
  const inspect: Inspect = async delivery => {
    inspected.push(delivery)
    return manifest
  }
  const tell = (detail: object, id = 'e1', by = inspect) =>
    deliveries(host.world, by, { id, 'detail-type': 'VersionDelivered', detail } as Envelope)
  const orders = { dataset: 'orders', partition: '2026-03-02', files: ['in/a.parquet'] }
  const doc = async () => (await host.ledger.get<RunDoc & { deliveries: string[] }>(runKey('orders', '2026-03-02')))!.doc
  beforeEach(async () => {
    host = new StoryHost(story, story.now)
    await host.deploy()
    inspected = []
  })

  test('is checked in a folder of its own, recorded, and followed', async () => {
    await tell(orders)
    expect(inspected).toEqual([{ ...orders, folder: 'orders/2026-03-02/g1-a1', generation: 1 }])
    expect(await doc()).toMatchObject({ generation: 1, version: { number: 1, rows: 3, bytes: 5, schemaHash: 's' }, deliveries: ['e1'] })
    await host.drain()
    expect(host.seen.started).toEqual(['cleaning@2026-03-02'])
  })

  test('told twice is one version, told anew the next', async () => {
    await tell(orders)
    await tell(orders)
    expect(inspected).toHaveLength(1)
    await tell({ ...orders, id: 'mine' }, 'e2')
    await tell({ ...orders, id: 'mine' }, 'e3')
    expect(inspected.map(i => i.folder)).toEqual(['orders/2026-03-02/g1-a1', 'orders/2026-03-02/g2-a1'])
    expect(await doc()).toMatchObject({ version: { number: 2 }, deliveries: ['e1', 'mine'] })
  })

  test('is remembered by its last twenty', async () => {
    for (let i = 1; i <= 22; i++) await tell(orders, `e${i}`)
    expect((await doc()).deliveries).toEqual(Array.from({ length: 20 }, (_, i) => `e${i + 3}`))
  })

  test.each([
    ['a dataset that is not deployed', { ...orders, dataset: 'gone' }, 'UNKNOWN_NAME'],
    ['a dataset that a task makes', { ...orders, dataset: 'clean' }, 'BAD_DELIVERY'],
    ['a partition before the first', { ...orders, partition: '2026-02-28' }, 'BAD_PARTITION'],
    ['files that are none', { ...orders, files: 'in/a.parquet' }, 'BAD_EVENT'],
  ])('of %s is refused', async (_, detail, code) => {
    await expect(tell(detail)).rejects.toMatchObject({ code })
    expect(inspected).toEqual([])
  })

  test('whose like was recorded while it was checked is the same version', async () => {
    await recordVersion(host.world, 'orders', '2026-03-02', 'e1', 1, manifest)
    const before = await doc()
    await recordVersion(host.world, 'orders', '2026-03-02', 'e1', 2, manifest)
    expect(await doc()).toEqual(before)
  })

  test('that another overtook while it was checked is tried again, in a new folder', async () => {
    const slow: Inspect = async delivery => {
      await recordVersion(host.world, 'orders', '2026-03-02', 'other', 1, manifest)
      return inspect(delivery)
    }
    await expect(tell(orders, 'e1', slow)).rejects.toMatchObject({ code: 'LEDGER_FAILED', failure: 'transient' })
    await tell(orders, 'e1')
    expect(inspected.map(i => i.generation)).toEqual([1, 2])
    expect(await doc()).toMatchObject({ generation: 2, version: { number: 2, generation: 2 }, deliveries: ['other', 'e1'] })
  })
})
