import { ordinalOf } from '../../shared/core/partition.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { considerRun } from '../../shared/engine/consider.ts'
import { pauseKey, runKey } from '../../shared/engine/keys.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: a task of a stage in two regions
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
steps: []
`,
  'writer.yaml',
)
const partition = '2026-03-02'
const ordinal = ordinalOf({ grain: 'daily', timezone: 'UTC' }, partition)!

test('a region that does not write keeps what happens, and claims it once it writes', async () => {
  const host = new StoryHost(story, story.now)
  await host.deploy()
  await host.ready([{ dataset: 'orders', partition }])
  const state = async () => (await host.ledger.get<RunDoc>(runKey('clean', partition)))?.doc.state
  const world = { ...host.world, region: 'eu-west-1' }
  await host.ledger.put(pauseKey('all'), { v: 1, task: 'all', paused: false, at: 0, writer: 'eu-central-1' }, 0)
  await considerRun(world, host.graph, 'cleaning', ordinal, {})
  expect(await state()).toBe('queued')
  await host.ledger.put(pauseKey('all'), { v: 1, task: 'all', paused: false, at: 1, writer: 'eu-west-1' }, 1)
  await considerRun(world, host.graph, 'cleaning', ordinal, {})
  expect(await state()).toBe('running')
})
