import type { Contract } from '../../shared/core/contract.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { deployContracts, readGraph } from '../../shared/engine/deploy.ts'
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
