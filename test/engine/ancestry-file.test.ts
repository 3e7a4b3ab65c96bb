import { createHash } from 'node:crypto'
import type { RunDoc } from '../../shared/core/run.ts'
import { spillAncestry } from '../../shared/engine/ancestry-file.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { loadFacts, placeOf } from '../../shared/engine/load.ts'
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
  'ancestry-file.yaml',
)
const docWith = (ancestry: NonNullable<RunDoc['pins']>['ancestry']): RunDoc => ({
  v: 1,
  dataset: 'clean',
  partition: '2026-03-02',
  generation: 3,
  attempt: 2,
  pins: { inputsHash: 'h', inputs: [], at: 7, ancestry },
})
// Two quotes around the name, a colon, two around the text and a comma, in braces.
const sized = (characters: number) => ({ orders: 'x'.repeat(characters - 2 - 'orders'.length - 6) })

test('an ancestry stays in the document up to sixteen kilobytes', async () => {
  const host = new StoryHost(story, story.now)
  for (const small of [docWith(undefined), docWith({}), docWith(sized(16_384)), { ...docWith({}), pins: undefined }])
    expect(await spillAncestry(host.world, small)).toBe(small)
})

test('a larger one goes into a file of the attempt, and the document keeps its hash', async () => {
  const host = new StoryHost(story, story.now)
  const { orders } = sized(16_300)
  for (const ancestry of [sized(16_385), { orders, regions: { [`${'k'.repeat(90)}`]: 2 } }]) {
    const { pins, ...doc } = await spillAncestry(host.world, docWith(ancestry))
    const key = 'clean/2026-03-02/g3-a2/ancestry.json'
    const text = new TextDecoder().decode(await host.world.lake.get(key))
    expect(JSON.parse(text)).toEqual(ancestry)
    const hash = createHash('sha256').update(text).digest('hex')
    expect(pins).toEqual({ inputsHash: 'h', inputs: [], at: 7, ancestry: {}, ancestryFile: { key, hash } })
    expect(doc).toEqual({ v: 1, dataset: 'clean', partition: '2026-03-02', generation: 3, attempt: 2 })
  }
})

describe('a version whose ancestry is a file', () => {
  let host: StoryHost
  beforeEach(async () => {
    host = new StoryHost(story, story.now)
    await host.deploy()
    await host.ready([{ dataset: 'orders', partition: '2026-03-02' }])
    await host.drain()
    const { doc, rev } = (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-02')))!
    const version = { ...doc.version!, ancestry: {}, ancestryFile: { key: 'clean/ancestry.json', hash: 'h' } }
    await host.ledger.put(runKey('clean', '2026-03-02'), { ...doc, version }, rev)
  })
  const facts = () => {
    const place = placeOf(host.graph, 'reporting', 20_514)
    return loadFacts(host.world, place, false)
  }

  test('is read with it', async () => {
    await host.world.lake.put('clean/ancestry.json', '{"orders":"20514:7"}')
    const [input] = await facts()
    expect(input!.needed[0]!.version).toMatchObject({ number: 1, ancestry: { orders: '20514:7' } })
  })

  test('whose file is not there, as while it is being copied, is tried again', async () => {
    await expect(facts()).rejects.toMatchObject({ code: 'LAKE_FAILED', failure: 'transient' })
  })
})
