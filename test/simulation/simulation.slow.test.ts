import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { crashGraphs } from './crash-graphs.ts'
import { sweepGraph } from './crash-sweep.ts'
import { minimise } from './explain.ts'
import { knownSeeds } from './known-seeds.ts'
import { mutants } from './mutants.ts'
import { patched } from './mutate.ts'
import { drawScenario, play } from './play.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

test('some seeds hold every invariant', async () => {
  for (let seed = 1; seed <= 12; seed++)
    expect({ seed, failure: (await play(drawScenario(seed))).failure }).toEqual({ seed, failure: undefined })
}, 120_000)

test.each(knownSeeds)('seed %i, which once did not, holds every invariant', async seed => {
  expect((await play(drawScenario(seed))).failure).toBeUndefined()
})

test('a seed gives the same trace each time, and another seed another', async () => {
  const hashes = new Set<number>()
  for (let seed = 20; seed < 30; seed++) {
    const once = await play(drawScenario(seed))
    expect(await play(drawScenario(seed))).toEqual(once)
    hashes.add(once.hash)
  }
  expect(hashes.size).toBe(10)
}, 60_000)

test.each(Object.keys(crashGraphs))(
  'a crash at any single call of a port changes nothing in the end: %s',
  async graph => {
    const { calls, played, failed } = await sweepGraph(graph, false)
    expect(calls).toBeGreaterThan(50)
    expect(played).toBe(2 * calls + 1)
    expect(failed).toEqual([])
  },
  120_000,
)

test('what does not fail is made no smaller', async () => {
  const scenario = drawScenario(1)
  expect(await minimise(scenario, 'invariant 3: something', 3)).toBe(scenario)
}, 60_000)

test('every deliberate bug still finds the text it changes', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(40)
  for (const m of mutants) expect(patched(readFileSync(here(`../../${m.file}`), 'utf8'), m.file, m.find, m.replace)).not.toBe('')
  expect(() => patched('twice twice', 'x.ts', 'twice', '')).toThrow('x.ts has 2 times, not once')
})

test.each(['one transient attempt too many', 'a pause is not asked for', 'a run starts on a mixture'])(
  'a deliberate bug is found: %s',
  name => {
    const { stdout } = spawnSync(process.execPath, [here('./simulate.ts'), '--mutants', name, '--seed', '600000', '--seeds', '200'], {
      encoding: 'utf8',
    })
    expect(stdout).toContain('1 of 1 found')
  },
  300_000,
)
