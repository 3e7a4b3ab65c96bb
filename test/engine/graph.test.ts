import { randomBytes } from 'node:crypto'
import type { Contract } from '../../shared/core/contract.ts'
import { registerContracts, retireTask } from '../../shared/engine/deploy.ts'
import { packGraph, readGraph } from '../../shared/engine/graph.ts'
import { graphKey, taskContractKey } from '../../shared/engine/keys.ts'
import { sweepPlatform } from '../../shared/engine/sweep.ts'
import type { Ledger } from '../../shared/ports/ledger.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: two tasks in a row
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
  report: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
  reporting: { inputs: { clean: same }, output: report }
steps: []
`,
  'graph.yaml',
)
const all = (deployedAt: (task: string) => number): Contract[] => [
  ...story.datasets,
  ...story.tasks.map(t => ({ ...t, deployedAt: deployedAt(t.task) })),
]
const withTask = (task: string) => (deployedAt: (task: string) => number) =>
  all(deployedAt).filter(c => c.kind === 'dataset' || c.task === task)

let host: StoryHost
/** What is read of the ledger where the graph may lag. */
async function lagging() {
  const asked: string[] = []
  const query: Ledger['query'] = (pk, range) => {
    asked.push(pk)
    return host.ledger.query(pk, range)
  }
  const graph = await readGraph({ query }, true)
  return { asked, tasks: graph.tasks.map(t => t.task).sort(), graph }
}
beforeEach(() => {
  host = new StoryHost(story, story.now)
})

test('who may lag reads one document, whatever is registered and retired', async () => {
  await registerContracts(host.world, withTask('cleaning'))
  expect(await lagging()).toMatchObject({ asked: ['graph'], tasks: ['cleaning'] })
  await registerContracts(host.world, all)
  const { asked, graph } = await lagging()
  expect(asked).toEqual(['graph'])
  expect([graph.tasks, graph.datasets]).toEqual([(await readGraph(host.ledger)).tasks, (await readGraph(host.ledger)).datasets])
  await retireTask(host.world, 'reporting')
  expect(await lagging()).toMatchObject({ asked: ['graph'], tasks: ['cleaning'] })
})

test('who must not lag reads the contracts, and so does who finds no such document', async () => {
  await registerContracts(host.world, withTask('cleaning'))
  const contract = story.tasks.find(t => t.task === 'reporting')!
  await host.ledger.put(taskContractKey('reporting'), contract, 0)
  expect((await readGraph(host.ledger)).task('reporting')).toBeDefined()
  expect((await lagging()).graph.task('reporting')).toBeUndefined()
  // A sweep finds what was registered and not packed.
  await sweepPlatform(host.world)
  expect(await lagging()).toMatchObject({ asked: ['graph'], tasks: ['cleaning', 'reporting'] })

  host = new StoryHost(story, story.now)
  await host.ledger.put(taskContractKey('reporting'), contract, 0)
  await sweepPlatform(host.world)
  expect(await lagging()).toMatchObject({ asked: ['graph', 'contract'], tasks: ['reporting'] })
})

test('of two that pack at once none is forgotten', async () => {
  let overtaken = false
  await registerContracts(host.world, withTask('cleaning'))
  const { query } = host.ledger
  host.ledger.query = async (pk, range) => {
    const seen = await query.call(host.ledger, pk, range)
    // After this one has read the contracts, another registers and packs.
    if (pk === 'contract' && !overtaken) {
      overtaken = true
      await registerContracts(host.world, all)
    }
    return seen as never
  }
  await packGraph(host.world)
  expect((await lagging()).tasks).toEqual(['cleaning', 'reporting'])
})

test('what packs to more than a document holds is read contract by contract', async () => {
  const keys = () => Array.from({ length: 100 }, () => randomBytes(64).toString('hex'))
  const large = Array.from(
    { length: 40 },
    (_, i): Contract => ({
      ...story.datasets[0]!,
      dataset: `large${i}`,
      partitioning: { grain: 'keys', keys: keys() },
    }),
  )
  await registerContracts(host.world, at => [...withTask('cleaning')(at), ...large])
  expect((await host.ledger.get(graphKey))!.doc).toEqual({ v: 1 })
  expect(await lagging()).toMatchObject({ asked: ['graph', 'contract'], tasks: ['cleaning'] })
})
