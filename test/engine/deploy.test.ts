import type { Contract } from '../../shared/core/contract.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { deployContracts, registerContracts, retireTask } from '../../shared/engine/deploy.ts'
import { readGraph } from '../../shared/engine/graph.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: two tasks in a row
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  prices: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
  report: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
  reporting: { inputs: { clean: same, prices: same }, output: report }
steps: []
`,
  'deploy.yaml',
)
const contracts =
  (tasks: string[]) =>
  (deployedAt: (task: string) => number): Contract[] => [
    ...story.datasets,
    ...story.tasks.filter(t => tasks.includes(t.task)).map(t => ({ ...t, deployedAt: deployedAt(t.task) })),
  ]

test('a task keeps the time of its first deployment, one that is new begins now', async () => {
  const host = new StoryHost(story, story.now)
  await deployContracts(host.world, contracts(['cleaning']))
  host.now += 1000
  await deployContracts(host.world, contracts(['cleaning', 'reporting']))
  const graph = await readGraph(host.ledger)
  expect(graph.task('cleaning')!.deployedAt).toBe(story.now)
  expect(graph.task('reporting')!.deployedAt).toBe(story.now + 1000)
})

test('the same deployment twice writes nothing', async () => {
  const host = new StoryHost(story, story.now)
  await deployContracts(host.world, contracts(['cleaning', 'reporting']))
  const before = host.ledger.requests.put
  await deployContracts(host.world, contracts(['cleaning', 'reporting']))
  expect(host.ledger.requests.put).toBe(before)
})

test('of a task that is gone the open runs are cancelled; deployed again, its life begins anew', async () => {
  const host = new StoryHost(story, story.now)
  await deployContracts(host.world, contracts(['cleaning', 'reporting']))
  await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
  await host.drain()
  const key = runKey('report', '2026-03-02')
  expect((await host.ledger.get<RunDoc>(key))!.doc.state).toBe('waiting')
  await deployContracts(host.world, contracts(['cleaning']))
  expect((await host.ledger.get<RunDoc>(key))!.doc.state).toBe('cancelled')
  expect((await readGraph(host.ledger)).task('reporting')).toBeUndefined()
  host.now += 1000
  await deployContracts(host.world, contracts(['cleaning', 'reporting']))
  expect((await readGraph(host.ledger)).task('reporting')!.deployedAt).toBe(story.now + 1000)
})

describe('services that are deployed one by one', () => {
  test('leave all others as they are, and say what changed', async () => {
    const host = new StoryHost(story, story.now)
    const names = (changed: Contract[]) => changed.map(c => (c.kind === 'task' ? c.task : c.dataset))
    expect(names(await registerContracts(host.world, contracts(['cleaning'])))).toEqual(['orders', 'prices', 'clean', 'report', 'cleaning'])
    host.now += 1000
    expect(names(await registerContracts(host.world, contracts(['cleaning'])))).toEqual([])
    expect(names(await registerContracts(host.world, at => contracts(['reporting'])(at).slice(-1)))).toEqual(['reporting'])
    const graph = await readGraph(host.ledger)
    expect(graph.tasks.map(t => [t.task, t.deployedAt])).toEqual([
      ['cleaning', story.now],
      ['reporting', story.now + 1000],
    ])
  })

  test('are retired one by one: their open runs are cancelled, with a word, and only a task can be', async () => {
    const host = new StoryHost(story, story.now)
    await deployContracts(host.world, contracts(['cleaning', 'reporting']))
    await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
    await host.drain()
    expect(await retireTask(host.world, 'nobody')).toBe(false)
    expect(await retireTask(host.world, 'reporting')).toBe(true)
    expect((await host.ledger.get<RunDoc>(runKey('report', '2026-03-02')))!.doc.state).toBe('cancelled')
    expect(host.timeline.entries.filter(e => e.run === 'platform').map(e => e.what)).toEqual([expect.stringContaining('1 of its runs')])
    expect((await readGraph(host.ledger)).tasks.map(t => t.task)).toEqual(['cleaning'])
    expect(await retireTask(host.world, 'reporting')).toBe(false)
    // Of one without open runs there is nothing to say.
    expect(await retireTask(host.world, 'cleaning')).toBe(true)
    expect(host.timeline.entries.filter(e => e.run === 'platform')).toHaveLength(1)
    // Who comes back begins a new life.
    host.now += 1000
    await registerContracts(host.world, contracts(['cleaning', 'reporting']))
    expect((await readGraph(host.ledger)).task('reporting')!.deployedAt).toBe(story.now + 1000)
  })
})

test('of a task that is gone every run that is not over is cancelled, and a dataset that is gone stays gone', async () => {
  const host = new StoryHost(story, story.now)
  await deployContracts(host.world, contracts(['cleaning', 'reporting']))
  const states = { '02': 'waiting', '03': 'queued', '04': 'running', '05': 'held', '06': 'succeeded', '07': 'failed' } as const
  for (const [day, state] of Object.entries(states)) {
    const doc = { v: 1, dataset: 'report', partition: `2026-03-${day}`, task: 'reporting', state, generation: 1, attempt: 1 }
    await host.ledger.put(runKey('report', doc.partition), doc, 0)
  }
  await deployContracts(host.world, at => contracts(['cleaning'])(at).filter(c => c.kind === 'task' || c.dataset !== 'prices'))
  const after = (await host.ledger.query<RunDoc>('run/report')).map(s => s.doc.state)
  expect(after).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled', 'succeeded', 'failed'])
  const graph = await readGraph(host.ledger)
  expect(graph.datasets.map(d => d.dataset)).toEqual(['clean', 'orders', 'report'])
  expect(host.timeline.entries.filter(e => e.run === 'platform')).toHaveLength(1)
  const { put } = host.ledger.requests
  await deployContracts(host.world, at => contracts(['cleaning'])(at).filter(c => c.kind === 'task' || c.dataset !== 'prices'))
  expect(host.ledger.requests.put).toBe(put)
})
