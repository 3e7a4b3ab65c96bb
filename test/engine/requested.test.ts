import { jest } from '@jest/globals'
import type { Contract } from '../../shared/core/contract.ts'
import { buildGraph } from '../../shared/core/graph.ts'
import { ordinalOf, type Partitioning } from '../../shared/core/partition.ts'
import type { RequestDoc } from '../../shared/core/request.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { considerRun } from '../../shared/engine/consider.ts'
import { requestKey, runKey } from '../../shared/engine/keys.ts'
import { loadFacts, placeOf } from '../../shared/engine/load.ts'
import { awaitsRequested, downstreamRuns, takersOfLatest } from '../../shared/engine/requested.ts'
import type { World } from '../../shared/engine/world.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import type { Key } from '../../shared/ports/ledger.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'
import { play } from '../../shared/rehearse/player.ts'

const days: Partitioning = { grain: 'daily', timezone: 'Europe/Madrid', from: '2024-06-01' }
const dataset = (name: string): Contract => ({ kind: 'dataset', dataset: name, partitioning: days, outside: false, keepMs: 0 })
const task = (name: string, output: string, inputs: [string, number][]): Contract => ({
  kind: 'task',
  task: name,
  output,
  inputs: inputs.map(([from, k]) => ({ dataset: from, mapping: { map: 'offset', k }, wait: 'all', onUpdate: 'rerun' })),
  onNight: false,
  retry: { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 },
  hash: '',
  inputsHash: '',
  deployedAt: 0,
})

const graph = buildGraph([
  ...['balance', 'report'].map(dataset),
  task('balances', 'balance', [['balance', -1]]),
  task('reports', 'report', [['balance', 0]]),
])
const requested = (phase: RequestDoc['phase']) => ({ id: 'r', phase }) as RequestDoc
const worldAt = (now: string, runs: readonly Partial<RunDoc>[] = [], phase: RequestDoc['phase'] = 'open') =>
  ({
    clock: { now: () => Date.parse(now) },
    ledger: {
      query: async (pk: string) => runs.map(doc => ({ key: { pk, sk: doc.partition! }, rev: 1, doc })),
      getMany: async (keys: Key[]) =>
        keys.map(
          key =>
            (key.pk === 'request' ? [requested(phase)] : runs.filter(r => r.partition === key.sk)).map(doc => ({ key, rev: 1, doc }))[0],
        ),
    },
  }) as unknown as World
const from = async (partition: string, now: string) =>
  (await downstreamRuns(worldAt(now), graph, { dataset: 'balance', partition }, ordinalOf(days, partition)!))
    .map(run => `${run.task}@${run.partition}`)
    .sort()

test('what is downstream of a partition is looked for among the runs that have begun, and of its own no further than the next', async () => {
  expect(await from('2024-06-03', '2024-06-05T12:00:00Z')).toEqual(['balances@2024-06-04', 'reports@2024-06-03', 'reports@2024-06-04'])
})

test('along one task’s own partitions those lead further that a request names', async () => {
  const named = [{ partition: '2024-06-04', named: ['r'] }, { partition: '2024-06-05', named: ['r'] }, { partition: '2024-06-06' }]
  const reached = async (phase: RequestDoc['phase']) => {
    const world = worldAt('2024-06-09T12:00:00Z', named, phase)
    const runs = await downstreamRuns(world, graph, { dataset: 'balance', partition: '2024-06-03' }, ordinalOf(days, '2024-06-03')!)
    return runs.filter(r => r.task === 'balances').map(r => r.partition)
  }
  expect(await reached('open')).toEqual(['2024-06-04', '2024-06-05', '2024-06-06'])
  // The marks of a request that has ended lead nowhere.
  expect(await reached('ended')).toEqual(['2024-06-04'])
})

test('a day has begun by the clock of its zone', async () => {
  expect(await from('2024-06-04', '2024-06-04T21:59:59Z')).toEqual(['reports@2024-06-04'])
  expect(await from('2024-06-04', '2024-06-04T22:00:00Z')).toContain('balances@2024-06-05')
})

test('no more is told at once than a thousand runs; of the rest the sweep takes care', async () => {
  const hours: Partitioning = { grain: 'hourly', timezone: 'UTC', from: '2024-06-01' }
  const months: Partitioning = { grain: 'monthly', timezone: 'UTC', from: '2024-06-01' }
  const overlapping = (name: string, output: string): Contract =>
    ({
      ...task(name, output, []),
      inputs: [{ dataset: 'month', mapping: { map: 'overlapping' }, wait: 'all', onUpdate: 'rerun' }],
    }) as Contract
  const wide = buildGraph([
    { ...dataset('month'), partitioning: months } as Contract,
    ...['a', 'b'].map(name => ({ ...dataset(name), partitioning: hours }) as Contract),
    overlapping('as', 'a'),
    overlapping('bs', 'b'),
  ])
  const runs = await downstreamRuns(worldAt('2024-08-01'), wide, { dataset: 'month', partition: '2024-06' }, ordinalOf(months, '2024-06')!)
  expect(runs).toHaveLength(1000)
  expect(runs[719]).toEqual({ task: 'as', partition: '2024-06-30T23Z' })
  expect(runs[720]).toEqual({ task: 'bs', partition: '2024-06-01T00Z' })
})

test('of keys that every day takes, the days whose runs are there are told; keys of keys are told', async () => {
  const keys: Partitioning = { grain: 'keys', keys: ['emea', 'apac'] }
  const takes = (name: string, output: string, map: 'all' | 'same'): Contract =>
    ({
      ...task(name, output, []),
      inputs: [{ dataset: 'regions', mapping: { map }, wait: 'all', onUpdate: 'rerun' }],
    }) as Contract
  const keyed = buildGraph([
    ...['regions', 'totals'].map(name => ({ ...dataset(name), partitioning: keys }) as Contract),
    dataset('report'),
    takes('reports', 'report', 'all'),
    takes('totalling', 'totals', 'same'),
  ])
  const world = worldAt('2024-08-01', [{ partition: '2024-07-01', state: 'waiting' }, { partition: '2024-07-02' }])
  expect(await downstreamRuns(world, keyed, { dataset: 'regions', partition: 'apac' }, 1)).toEqual([
    { task: 'reports', partition: '2024-07-01' },
    { task: 'totalling', partition: 'apac' },
  ])
})

describe('a requested run waits for what is still to come between it and requested runs upstream:', () => {
  const story = parseStory(
    `
story: a request names the first and the last of a chain, and what is beside it
now: 2026-03-09T06:00:00Z
datasets:
  raw: { partition: daily, from: 2026-03-01 }
  other: { partition: daily, from: 2026-03-01 }
  first: { partition: daily, from: 2026-03-01 }
  second: { partition: daily, from: 2026-03-01 }
  third: { partition: daily, from: 2026-03-01 }
  beside: { partition: daily, from: 2026-03-01 }
  last: { partition: daily, from: 2026-03-01 }
  newest: { partition: daily, from: 2026-03-01 }
  careless: { partition: daily, from: 2026-03-01 }
  final: { partition: daily, from: 2026-03-01 }
tasks:
  make-first: { inputs: { raw: same }, output: first }
  make-second: { inputs: { first: same, raw: { map: same, onUpdate: ignore } }, output: second }
  make-third: { inputs: { second: { trailing: 2 } }, output: third }
  make-beside: { inputs: { other: same }, output: beside }
  make-last: { inputs: { third: same, beside: same, last: { offset: -1 } }, output: last }
  make-newest: { inputs: { raw: same, second: latest }, output: newest }
  make-careless: { inputs: { second: { map: same, onUpdate: ignore } }, output: careless }
  make-final: { inputs: { careless: same }, output: final }
steps: []
`,
    'requested.yaml',
  )
  const daily = { grain: 'daily', timezone: 'UTC' } as const
  const at = (day: number) => ordinalOf(daily, `2026-03-0${day}`)!

  let host: StoryHost
  const put = (dataset: string, day: number, doc: Partial<RunDoc>) => {
    const partition = `2026-03-0${day}`
    const whole = { v: 1, dataset, partition, task: `make-${dataset}`, generation: 1, attempt: 1, ...doc }
    return host.ledger.put(runKey(dataset, partition), whole, 0)
  }
  const over: Partial<RunDoc> = { state: 'succeeded', pins: { inputsHash: '', inputs: [[], [], []], at: 0 } }
  const waits = async (named: string[], task = 'make-last', day = 5) => {
    const place = placeOf(host.graph, task, at(day))
    return awaitsRequested(host.world, host.graph, place, await loadFacts(host.world, place, true), [{ id: 'r', tasks: named }])
  }
  const named = ['make-first', 'make-last']
  beforeEach(() => {
    host = new StoryHost(story, story.now)
  })

  test('for nothing where nothing is there', async () => expect(await waits(named)).toBe(false))

  test('for nothing where all is over', async () => {
    for (const dataset of ['first', 'second', 'third', 'beside']) await put(dataset, 5, over)
    expect(await waits(named)).toBe(false)
  })

  test.each(['running', 'queued'] as const)('for what is %s next to it', async state => {
    await put('third', 5, { state })
    expect(await waits(named)).toBe(true)
  })

  test('for what reads a requested run that is not over', async () => {
    await put('third', 5, over)
    await put('second', 5, { ...over, requests: ['r'] })
    expect(await waits(['make-second'])).toBe(false)
    await host.ledger.put(
      runKey('second', '2026-03-05'),
      { v: 1, dataset: 'second', partition: '2026-03-05', state: 'waiting', requests: ['r'] },
      1,
    )
    expect(await waits(['make-second'])).toBe(true)
  })

  test('for what reads one among other things', async () => {
    await put('second', 5, over)
    await put('first', 5, { state: 'waiting', requests: ['r'] })
    expect(await waits(['make-first', 'make-third'], 'make-third')).toBe(true)
  })

  test.each([4, 5])('for what comes by way of others, of any of their partitions: %s', async day => {
    await put('third', 5, over)
    await put('second', day, { state: 'running' })
    await put('second', 9 - day, over)
    expect(await waits(named)).toBe(true)
  })

  test('for nothing that no named run leads to', async () => {
    await put('beside', 5, { state: 'running' })
    expect(await waits(named)).toBe(false)
    await put('third', 5, { state: 'running' })
    expect(await waits(['make-beside', 'make-last'])).toBe(false)
  })

  test('for its own partition before, and so on, where a request names that', async () => {
    for (const day of [2, 3, 4]) await put('last', day, { ...over, ...(day > 2 && { named: ['r'] }) })
    expect(await waits(named)).toBe(false)
    await host.ledger.put(
      runKey('last', '2026-03-02'),
      { v: 1, dataset: 'last', partition: '2026-03-02', state: 'waiting', requests: ['r'] },
      1,
    )
    expect(await waits(named)).toBe(true)
    await host.ledger.put(runKey('last', '2026-03-03'), { v: 1, dataset: 'last', partition: '2026-03-03', ...over }, 1)
    expect(await waits(named)).toBe(false)
  })

  test('but not for its own partition before', async () => {
    await put('last', 4, { state: 'running' })
    expect(await waits([...named, 'make-third'])).toBe(false)
  })

  test('but not by way of a partition that is no run', async () => {
    await put('third', 5, {})
    await put('second', 5, { state: 'running' })
    expect(await waits(named)).toBe(false)
  })

  test('but not by way of one that is cancelled, and so follows nothing', async () => {
    await put('third', 5, { ...over, state: 'cancelled' })
    await put('second', 5, { state: 'running' })
    expect(await waits(named)).toBe(false)
  })

  test('but not by way of what it takes the latest of, or whose updates it ignores', async () => {
    for (const dataset of ['first', 'second']) await put(dataset, 5, { state: 'running' })
    for (const task of ['make-newest', 'make-careless']) expect(await waits(['make-first', task], task)).toBe(false)
  })

  describe('who takes the latest is told, when a requested run of it is over without a version,', () => {
    const told = (dataset: string, day: number) => takersOfLatest(host.world, host.graph, { dataset, partition: `2026-03-0${day}` })
    const ready = { version: { number: 1, at: 1 } as RunDoc['version'] }
    beforeEach(async () => {
      await put('newest', 5, { state: 'waiting' })
      await put('newest', 6, { state: 'succeeded' })
    })

    test('where it waits', async () => {
      await put('second', 4, ready)
      for (const day of [4, 5]) expect(await told('second', day)).toEqual([{ task: 'make-newest', partition: '2026-03-05' }])
      expect(await told('first', 5)).toEqual([])
    })

    test('but not where nothing is there, nor of a day before the newest', async () => {
      expect(await told('second', 4)).toEqual([])
      await put('second', 4, ready)
      expect(await told('second', 3)).toEqual([])
    })

    test('but not while another is still to come', async () => {
      await put('second', 4, { ...ready, state: 'running', requests: ['r'] })
      expect(await told('second', 5)).toEqual([])
    })
  })

  test('but not for what somebody between ignores', async () => {
    await put('careless', 5, over)
    await put('second', 5, { state: 'waiting', requests: ['r'] })
    expect(await waits(['make-second', 'make-final'], 'make-final')).toBe(false)
  })

  test('and asks of each partition once, by however many ways it is come to', async () => {
    await put('third', 5, over)
    for (const day of [4, 5]) await put('second', day, over)
    const asked: string[] = []
    const { get } = host.world.ledger
    host.world.ledger.get = key => {
      asked.push(`${key.pk}/${key.sk}`)
      return get(key)
    }
    const place = placeOf(host.graph, 'make-last', at(5))
    const facts = await loadFacts(host.world, place, true)
    asked.length = 0
    expect(await awaitsRequested(host.world, host.graph, place, [...facts, ...facts], [{ id: 'r', tasks: named }])).toBe(false)
    expect(asked).toEqual(['run/third/2026-03-05', 'run/second/2026-03-04', 'run/second/2026-03-05'])
  })
})

test('far upstream it is looked only where nothing nearer is missing', async () => {
  const chain = parseStory(
    `
story: a request names the first and the last of a chain, whose end takes something else too
now: 2026-03-09T06:00:00Z
datasets:
  first: { partition: daily, from: 2026-03-01 }
  middle: { partition: daily, from: 2026-03-01 }
  other: { partition: daily, from: 2026-03-01 }
  last: { partition: daily, from: 2026-03-01 }
tasks:
  begin: { output: first }
  lead: { inputs: { first: same }, output: middle }
  end: { inputs: { middle: same, other: same }, output: last }
steps: []
`,
    'chain.yaml',
  )
  const host = new StoryHost(chain, chain.now)
  await host.deploy()
  const day = '2026-03-02'
  await host.ready([{ dataset: 'middle', partition: day }])
  const request = {
    v: 1,
    id: 'r',
    tasks: ['begin', 'end'],
    from: day,
    to: day,
    run: 'all',
    downstream: true,
    lane: 'manual',
    phase: 'open',
  }
  await host.ledger.put(requestKey('r'), request, 0)
  const last = { v: 1, dataset: 'last', partition: day, task: 'end', state: 'waiting', generation: 0, attempt: 0, requests: ['r'] }
  await host.ledger.put(runKey('last', day), last, 0)
  const looked = async () => {
    const get = jest.spyOn(host.world.ledger, 'get')
    await considerRun(host.world, host.graph, 'end', ordinalOf({ grain: 'daily', timezone: 'UTC' }, day)!, {})
    const keys = get.mock.calls.map(([key]) => key.pk)
    get.mockRestore()
    return keys
  }
  expect(await looked()).not.toContain('run/middle')
  await host.ready([{ dataset: 'other', partition: day }])
  expect(await looked()).toContain('run/middle')
})

test('a chain of a task’s own days that a request names asks the ledger in proportion to its days', async () => {
  const asked = async (days: number) => {
    const last = new Date(Date.UTC(2020, 0, days)).toISOString().slice(0, 10)
    const reads = [jest.spyOn(SqliteLedger.prototype, 'get'), jest.spyOn(SqliteLedger.prototype, 'getMany')]
    await play(
      parseStory(
        `
story: of a chain that a request names the first day fails again
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2020-01-01 }
  total: { partition: daily, from: 2020-01-01 }
tasks:
  totals: { inputs: { orders: same, total: { offset: -1 } }, output: total }
steps:
  - ready: orders@2020-01-01..${last}
  - outcome: { totals@2020-01-01: [user, user] }
  - request: { tasks: [totals], from: 2020-01-01, to: 2020-01-01, run: all }
  - request: { tasks: [totals], from: 2020-01-01, to: ${last}, run: failed }
  - expect: { state: { totals@2020-01-01: failed }, generation: { totals@2020-01-01: 3 } }
`,
        'chain.yaml',
      ),
    )
    const calls = reads.map(read => read.mock.calls.length)
    for (const read of reads) read.mockRestore()
    return calls[0]! + calls[1]!
  }
  const [few, many] = [await asked(40), await asked(160)]
  expect(many / few).toBeLessThan(5)
})
