import { ordinalOf } from '../../shared/core/partition.ts'
import type { RunDoc, Version } from '../../shared/core/run.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { loadFacts, placeOf } from '../../shared/engine/load.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: a task of days, and of the latest of keys and of days
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  prices: { partition: daily, from: 2026-03-01 }
  regions: { partition: { keys: [emea, apac, amer] } }
  clean: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same, prices: latest, regions: latest }, output: clean }
steps: []
`,
  'load.yaml',
)
const days = { grain: 'daily', timezone: 'UTC' } as const
const ordinal = ordinalOf(days, '2026-03-02')!
const version = (at: number): Version => ({
  number: 1,
  as: 1,
  loud: 1,
  generation: 1,
  attempt: 1,
  rows: 1,
  bytes: 1,
  schemaHash: '',
  at,
  cause: { lane: 'nightly' },
  ancestry: {},
})

let host: StoryHost
const put = (dataset: string, partition: string, doc: Partial<RunDoc>) =>
  host.ledger.put(runKey(dataset, partition), { v: 1, dataset, partition, generation: 0, attempt: 0, ...doc }, 0)
const facts = (requested: boolean) => loadFacts(host.world, placeOf(host.graph, 'cleaning', ordinal), requested)
const orders = async (doc: Partial<RunDoc>, requested = true) => {
  await put('orders', '2026-03-02', doc)
  return (await facts(requested))[0]!.needed
}
const latest = async (input: number) => (await facts(false))[input]!.latest?.ordinal
beforeEach(() => {
  host = new StoryHost(story, story.now)
})

describe('of a partition that is needed is known', () => {
  test('that nobody has spoken of it', async () => expect((await facts(true))[0]!.needed).toStrictEqual([{ ordinal }]))

  test('its version', async () => expect(await orders({ version: version(5) })).toStrictEqual([{ ordinal, version: version(5) }]))

  test('that it is skipped, and when it was published before', async () => {
    expect(await orders({ skipped: true })).toStrictEqual([{ ordinal, skipped: true }])
    await host.ledger.put(runKey('orders', '2026-03-02'), { skipped: true, version: version(5) }, 1)
    expect((await facts(true))[0]!.needed).toStrictEqual([{ ordinal, skipped: true, skippedAt: 5 }])
  })

  test('that a request selects its run', async () =>
    expect(await orders({ state: 'waiting', requests: ['r'] })).toStrictEqual([{ ordinal, requested: ['r'] }]))

  test.each<[string, Partial<RunDoc>, boolean]>([
    ['asked for', { state: 'waiting', requests: ['r'] }, false],
    ['selected', { state: 'waiting' }, true],
    ['selected any more', { state: 'waiting', requests: [] }, true],
    ['still to come', { state: 'failed', requests: ['r'] }, true],
    ['a run', { requests: ['r'] }, true],
  ])('that, but not where it is not %s', async (_, doc, requested) => expect(await orders(doc, requested)).toStrictEqual([{ ordinal }]))
})

describe('of a version whose ancestry is a file', () => {
  const filed = { ...version(5), ancestryFile: { key: 'orders/2026-03-02/g1-a1/ancestry.json', hash: 'h' } }

  test('that is read', async () => {
    await host.world.lake.put(filed.ancestryFile.key, '{"raw":"1..3: 1"}')
    expect(await orders({ version: filed })).toMatchObject([{ version: { ancestry: { raw: '1..3: 1' } } }])
  })

  test('a file that is not there yet is looked for again later', async () => {
    await expect(orders({ version: filed })).rejects.toMatchObject({ code: 'LAKE_FAILED', failure: 'transient' })
  })
})

describe('the latest', () => {
  test('of keys is what was published last, whatever its key, but for what is skipped', async () => {
    expect(await latest(2)).toBeUndefined()
    await put('regions', 'emea', { version: version(7) })
    await put('regions', 'apac', { version: version(9) })
    await put('regions', 'amer', { version: version(11), skipped: true })
    expect(await latest(2)).toBe(1)
  })

  test('needs no partition of its own', async () => {
    await put('prices', '2026-03-03', { version: version(9) })
    const { input: _, ...known } = (await facts(false))[1]!
    expect(known).toMatchObject({ needed: [], latest: { ordinal: ordinalOf(days, '2026-03-03'), version: version(9) } })
  })

  test('of keys that were published together is the first of them by name', async () => {
    await put('regions', 'emea', { version: version(7) })
    await put('regions', 'apac', { version: version(7) })
    expect(await latest(2)).toBe(1)
  })

  test('of keys passes over those that only wait', async () => {
    await put('regions', 'apac', { state: 'waiting' })
    await put('regions', 'emea', { version: version(7) })
    expect(await latest(2)).toBe(0)
  })

  test('of days is the last, not what was published last, but for what is skipped', async () => {
    await put('prices', '2026-03-03', { version: version(9) })
    await put('prices', '2026-03-04', { version: version(7) })
    await put('prices', '2026-03-05', { version: version(11), skipped: true })
    expect(await latest(1)).toBe(ordinalOf(days, '2026-03-04'))
  })

  test('of days of which none was published is none', async () => {
    for (let day = 1; day <= 9; day++) await put('prices', `2026-03-0${day}`, { state: 'waiting' })
    expect(await latest(1)).toBeUndefined()
  })

  describe('is awaited while a request selects a run', () => {
    const awaited = async (input: number, requested = true) => (await facts(requested))[input]!.awaited ?? false
    const requested: Partial<RunDoc> = { state: 'running', requests: ['r'] }
    beforeEach(async () => {
      await put('regions', 'emea', { version: version(7) })
      await put('prices', '2026-03-04', { version: version(7) })
    })

    test('of any key', async () => {
      expect(await awaited(2)).toBe(false)
      await put('regions', 'amer', requested)
      expect([await awaited(2), await awaited(2, false)]).toEqual([true, false])
    })

    test('of a newer day, however far ahead', async () => {
      for (let day = 5; day <= 8; day++) await put('prices', `2026-03-0${day}`, { state: 'waiting' })
      expect(await awaited(1)).toBe(false)
      await put('prices', '2026-03-09', requested)
      expect(await awaited(1)).toBe(true)
    })

    test('that makes it anew', async () => {
      await put('prices', '2026-03-05', { ...requested, version: version(9) })
      expect(await awaited(1)).toBe(true)
    })

    test.each<[string, string, Partial<RunDoc>]>([
      ['of a day before', '2026-03-03', requested],
      ['of what is skipped', '2026-03-05', { ...requested, skipped: true }],
      ['that is over', '2026-03-05', { ...requested, state: 'failed' }],
    ])('but not %s', async (_, day, doc) => {
      await put('prices', day, doc)
      expect(await awaited(1)).toBe(false)
    })
  })

  test('of days takes as few looks as it can', async () => {
    await put('prices', '2026-03-04', { version: version(7) })
    let looks = 0
    const { query } = host.world.ledger
    host.world.ledger.query = (pk, range) => {
      looks++
      return query(pk, range)
    }
    expect(await latest(1)).toBe(ordinalOf(days, '2026-03-04'))
    // One for the days, one for the keys.
    expect(looks).toBe(2)
  })
})
