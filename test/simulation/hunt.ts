import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { mutants } from './mutants.ts'
import { patched } from './mutate.ts'
import { drawScenario, play } from './play.ts'
import { type PlayedSeed, Pool } from './pool.ts'

/** The table in docs/simulation.md counts from here. */
export const FIRST_SEED = 1
/** Past this a deliberate bug counts as not found. */
export const MOST_SEEDS = 1000

export interface Hunted {
  name: string
  file: string
  /** How many seeds it took; undefined when none of them found it. */
  seeds: number | undefined
  found: string
}

/** Plays seeds under one deliberate bug until one finds it. */
export async function hunt(name: string, seed: number, size?: number, most = MOST_SEEDS): Promise<Hunted> {
  const { file } = mutants.find(m => m.name === name)!
  const pool = new Pool(size, name)
  let found: string | undefined
  let at: number | undefined
  let last = seed
  // What a seed finds without the bug is no find.
  const checks: Promise<void>[] = []
  const judge = async (p: PlayedSeed): Promise<void> => {
    if ((await play(drawScenario(p.seed))).failure || (at !== undefined && p.seed > at)) return
    at = p.seed
    found = p.failure
  }
  try {
    await pool.play(
      seed,
      p => {
        last = Math.max(last, p.seed + 1)
        if (p.failure) checks.push(judge(p))
      },
      () => found === undefined,
      most,
    )
    await Promise.all(checks)
  } catch (error) {
    // A bug that takes all memory ends the process: found, though nobody can say by which seed.
    found ??= (error as Error).message
    at ??= last
  } finally {
    pool.stop()
  }
  return { name, file, seeds: at === undefined ? undefined : at - seed + 1, found: found?.split('\n')[0] ?? '' }
}

/** Does something for each, one a core at once. */
async function severally<T>(all: readonly T[], act: (one: T, i: number) => Promise<void>): Promise<void> {
  let next = 0
  const one = async () => {
    while (next < all.length) {
      const i = next++
      await act(all[i]!, i)
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, one))
}

/** Hunts every deliberate bug and writes down what it took. */
export async function runMutants(seed: number, only?: string, most = MOST_SEEDS): Promise<void> {
  for (const m of mutants) patched(readFileSync(new URL(`../../${m.file}`, import.meta.url), 'utf8'), m.file, m.find, m.replace)
  console.error(`seeds from ${seed}`)
  const chosen = mutants.filter((m, i) => !only || m.name.includes(only) || i >= Number(only))
  const rows: Hunted[] = []
  await severally(chosen, async ({ name }, i) => {
    const hunted = await hunt(name, seed, 1, most)
    rows[i] = hunted
    console.log(`${hunted.seeds ?? `not in ${most}`}\t${name}\t${hunted.found.slice(0, 120)}`)
  })
  const missed = rows.filter(r => r.seeds === undefined)
  console.log(`${rows.length - missed.length} of ${rows.length} found`)
  if (!only) writeTable(rows)
  process.exitCode = missed.length > 0 ? 1 : 0
}

/**
 * Whether every deliberate bug of the table is still found: first by the seed that found it when the table was written, and where the engine has
 * changed so that this one no longer does, by the seeds from the first on.
 */
export async function runRecorded(only?: string): Promise<boolean> {
  const recorded = readTable()
  const missed: string[] = []
  const chosen = mutants.filter(m => recorded.has(m.name) && (!only || m.name.includes(only)))
  await severally(chosen, async ({ name }) => {
    const at = recorded.get(name)!
    const again = await hunt(name, at, 1, 1)
    const hunted = again.seeds === undefined ? await hunt(name, FIRST_SEED, 1) : again
    const by = again.seeds === undefined ? hunted.seeds && FIRST_SEED + hunted.seeds - 1 : at
    console.log(`${by === undefined ? 'not found' : `by seed ${by}`}\t${name}\t${hunted.found.slice(0, 120)}`)
    if (by === undefined) missed.push(name)
  })
  console.log(missed.length === 0 ? `all ${chosen.length} of the table found` : `not found: ${missed.join('; ')}`)
  return missed.length === 0
}

const begins = '<!-- bugs: written by npm run simulate -- --mutants -->'
const ends = '<!-- /bugs -->'

const table = new URL('../../docs/simulation.md', import.meta.url)

/** The seed that found each bug, by its name. */
function readTable(): Map<string, number> {
  const rows = readFileSync(table, 'utf8').matchAll(/^\| (.+?) \| \S+ \| (\d+) \|/gm)
  return new Map([...rows].map(([, name, seeds]) => [name!, FIRST_SEED + Number(seeds) - 1]))
}

function writeTable(rows: readonly Hunted[]): void {
  const text = readFileSync(table, 'utf8')
  const invariant = (found: string) => /^invariant (\d+)/.exec(found)?.[1] ?? ''
  const lines = [
    '| deliberate bug | in | seeds needed | found by invariant |',
    '| --- | --- | --- | --- |',
    ...rows.map(
      r =>
        `| ${r.name} | ${r.file} | ${r.seeds ?? `more than ${MOST_SEEDS}`} | ${r.seeds === undefined ? '' : invariant(r.found) || 'an error'} |`,
    ),
  ].join('\n')
  const [head, tail] = [text.slice(0, text.indexOf(begins)), text.slice(text.indexOf(ends))]
  writeFileSync(table, `${head}${begins}\n${lines}\n${tail}`)
}
