import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pins, RunDoc } from '../../shared/core/run.ts'
import { collect, collectDaily } from '../../shared/engine/collector.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { folderLake } from '../../shared/local/lake.ts'
import type { Lake } from '../../shared/ports/lake.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: three tasks in a row
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
  report: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean, retry: { attempts: 3, backoff: 10d } }
  reporting: { inputs: { clean: same }, output: report, retry: { attempts: 2, backoff: 100d } }
steps: []
`,
  'collector.yaml',
)
const DAY = 86_400_000
const orders = { dataset: 'orders', partition: '2026-03-02' }

describe('the collector', () => {
  let folder: string
  let lake: Lake
  let host: StoryHost
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'redeye-lake-'))
    lake = folderLake(folder)
    // Files have the machine's time, so the story's clock starts there.
    host = new StoryHost({ ...story, datasets: story.datasets.map(d => ({ ...d, keepMs: 30 * DAY })) }, Date.now())
    await host.deploy()
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const write = async (key: string, files: string[] = [`${key}/part-0000.parquet`]) => {
    await lake.put(`${key}/part-0000.parquet`, 'rows')
    await lake.put(`${key}/manifest.json`, JSON.stringify({ format: 1, files: files.map(k => ({ key: k, rows: 1, bytes: 4 })) }))
  }
  const keys = async () => {
    const found: string[] = []
    for await (const { key } of lake.list('clean/')) found.push(key)
    return found
  }
  const publishTwice = async () => {
    for (let i = 0; i < 2; i++) {
      await host.ready([orders])
      await host.drain()
    }
    await write('clean/2026-03-02/g1-a1')
    await write('clean/2026-03-02/g2-a1')
  }

  test('keeps the current version, and the one before it as long as its dataset says', async () => {
    await publishTwice()
    host.now = (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-02')))!.doc.version!.at + 30 * DAY
    expect(await collect(host.world, lake, 'clean')).toMatchObject({ files: 0 })
    host.now += 1
    const manifest = await lake.size('clean/2026-03-02/g1-a1/manifest.json')
    expect(await collect(host.world, lake, 'clean')).toEqual({ files: 2, bytes: 'rows'.length + manifest! })
    expect(await keys()).toEqual(['clean/2026-03-02/g2-a1/manifest.json', 'clean/2026-03-02/g2-a1/part-0000.parquet'])
  })

  test('keeps what a generation at work has pinned', async () => {
    await host.ready([orders])
    await host.drain()
    host.hold(['reporting'])
    await host.ready([orders])
    await host.drain()
    await host.ready([orders])
    await host.drain()
    for (const g of [1, 2, 3]) await write(`clean/2026-03-02/g${g}-a1`)
    host.now += 60 * DAY
    await collect(host.world, lake, 'clean')
    expect(await keys()).toEqual(expect.arrayContaining(['clean/2026-03-02/g2-a1/manifest.json', 'clean/2026-03-02/g3-a1/manifest.json']))
    expect(await keys()).not.toContain('clean/2026-03-02/g1-a1/manifest.json')
  })

  test('keeps what a generation has pinned that waits to be retried', async () => {
    host.script('reporting@2026-03-02', ['transient'])
    await publishTwice()
    host.now += 60 * DAY
    expect(await collect(host.world, lake, 'clean')).toMatchObject({ files: 0 })
  })

  test('removes what was superseded while a newer generation is at work', async () => {
    await publishTwice()
    host.hold(['cleaning'])
    await host.ready([orders])
    await host.drain()
    await write('clean/2026-03-02/g3-a1')
    host.now += 60 * DAY
    expect(await collect(host.world, lake, 'clean')).toMatchObject({ files: 2 })
    expect(await keys()).not.toContain('clean/2026-03-02/g1-a1/manifest.json')
  })

  test('keeps a file that the current manifest lists, in whichever folder it lies', async () => {
    await publishTwice()
    await write('clean/2026-03-02/g2-a1', ['clean/2026-03-02/g1-a1/part-0000.parquet', 'clean/2026-03-02/g2-a1/part-0000.parquet'])
    host.now += 60 * DAY
    await collect(host.world, lake, 'clean')
    expect(await keys()).toContain('clean/2026-03-02/g1-a1/part-0000.parquet')
    expect(await keys()).not.toContain('clean/2026-03-02/g1-a1/manifest.json')
  })

  test('removes what an attempt left that failed, a week later, though a later one of its generation is current', async () => {
    host.script('cleaning@2026-03-02', ['transient', 'ok'])
    await host.ready([orders])
    await host.drain()
    await host.advance(host.now + 11 * DAY)
    await write('clean/2026-03-02/g1-a1')
    await write('clean/2026-03-02/g1-a2')
    expect(await collect(host.world, lake, 'clean')).toMatchObject({ files: 2 })
    expect(await keys()).toEqual(['clean/2026-03-02/g1-a2/manifest.json', 'clean/2026-03-02/g1-a2/part-0000.parquet'])
  })

  test('keeps nothing for a run that only waits for its turn, nor for inputs that an attempt began without', async () => {
    await publishTwice()
    const { doc, rev } = (await host.ledger.get<RunDoc>(runKey('report', '2026-03-02')))!
    const pins = { ...doc.pins!, inputs: [[[20514, 20514, 1, 1, 1]]] as Pins['inputs'] }
    await host.ledger.put(runKey('report', '2026-03-02'), { ...doc, state: 'queued', pins }, rev)
    const running = { ...doc, partition: '2026-03-03', state: 'running' } as const
    await host.ledger.put(runKey('report', '2026-03-03'), { ...running, pins: { ...pins, inputs: [] } }, 0)
    const { pins: _, ...unpinned } = { ...running, partition: '2026-03-04' }
    await host.ledger.put(runKey('report', '2026-03-04'), unpinned, 0)
    host.now += 60 * DAY
    expect(await collect(host.world, lake, 'clean')).toMatchObject({ files: 2 })
  })

  test('knows the attempts of a partition apart, however many there were', async () => {
    await publishTwice()
    await write('clean/2026-03-02/g1-a10')
    await write('clean/2026-03-02/g10-a1')
    await write('clean/2026-03-02/g1-a1x')
    host.now += 60 * DAY
    expect(await collect(host.world, lake, 'clean')).toMatchObject({ files: 6 })
    expect(await keys()).toEqual([
      'clean/2026-03-02/g1-a1x/manifest.json',
      'clean/2026-03-02/g1-a1x/part-0000.parquet',
      'clean/2026-03-02/g2-a1/manifest.json',
      'clean/2026-03-02/g2-a1/part-0000.parquet',
    ])
  })

  test('keeps what the generation in progress has written, and removes a failed one’s files after a week', async () => {
    host.script('cleaning@2026-03-02', ['transient', 'user'])
    await host.ready([orders])
    await host.drain()
    await write('clean/2026-03-02/g1-a1')
    await lake.put('clean/2026-03-02/g1-checkpoint.json', '{}')
    host.now += 9 * DAY
    expect(await collect(host.world, lake, 'clean')).toMatchObject({ files: 0 })
    await host.advance(host.now + 2 * DAY)
    expect(await collect(host.world, lake, 'clean')).toMatchObject({ files: 3 })
    expect(await keys()).toEqual([])
  })
})

describe('the lake is gone through', () => {
  let folder: string
  let lake: Lake
  let host: StoryHost
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'redeye-lake-'))
    lake = folderLake(folder)
    host = new StoryHost(story, Date.now())
    await host.deploy()
    // What no version names is removed after a week.
    await lake.put('clean/2026-03-02/g1-a1/part-0000.parquet', 'rows')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const isThere = async () => (await lake.size('clean/2026-03-02/g1-a1/part-0000.parquet')) !== undefined

  test('once a day, however often it is asked, and not on the first', async () => {
    host.now += 10 * DAY
    await collectDaily(host.world, lake)
    expect(await isThere()).toBe(true)
    host.now += DAY - 1
    await collectDaily(host.world, lake)
    expect(await isThere()).toBe(true)
    host.now += 1
    await collectDaily(host.world, lake)
    expect(await isThere()).toBe(false)
  })

  test('again a day after the last time', async () => {
    await collectDaily(host.world, lake)
    host.now += DAY
    await collectDaily(host.world, lake)
    expect(await isThere()).toBe(true)
    host.now += 8 * DAY
    const before = host.ledger.requests.put
    await collectDaily(host.world, lake)
    expect(await isThere()).toBe(false)
    await collectDaily(host.world, lake)
    expect(host.ledger.requests.put).toBe(before + 1)
  })
})
