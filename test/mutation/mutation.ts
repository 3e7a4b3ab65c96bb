import { createHash } from 'node:crypto'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Random } from '../simulation/random.ts'
import { instrument, type Mutant } from './instrument.ts'
import { type Covered, Judge, type Verdict } from './pool.ts'
import { type Judged, report, survivorLines, tableOf } from './report.ts'

/* Mutation testing of the rules: npm run mutation [-- FILES]. docs/mutation.md says what it does. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '20' },
    jobs: { type: 'string', default: '2' },
    minutes: { type: 'string', default: '600' },
    quick: { type: 'boolean', default: false },
    afresh: { type: 'boolean', default: false },
    survivors: { type: 'boolean', default: false },
  },
})
const root = join(import.meta.dirname, '../..')
const files = (positionals.length > 0 ? positionals : globSync(['shared/core/*.ts', 'shared/engine/*.ts'], { cwd: root }).sort()).map(f =>
  resolve(root, f),
)
const reportFile = join(root, '.redeye/mutation.json')
const until = Date.now() + Number(values.minutes) * 60_000
// A loop that a mutant makes endless goes round more often than this times what the tests need without it.
const HITS = 100

/** What an earlier run found of the same mutant in the same file: what was killed stays killed. */
function earlier(): Map<string, Judged> {
  if (values.afresh) return new Map()
  try {
    const judged = JSON.parse(readFileSync(reportFile, 'utf8')) as Judged[]
    return new Map(judged.map(j => [nameOf(j), j]))
  } catch {
    return new Map()
  }
}

const hashes = new Map(files.map(f => [relative(root, f), createHash('sha256').update(readFileSync(f)).digest('hex').slice(0, 12)]))
const nameOf = (m: Mutant & { hash?: string }) =>
  `${m.file} ${m.hash ?? hashes.get(m.file)} ${m.line}:${m.column} ${m.mutator} ${m.original} ${m.replacement}`

interface Covering {
  /** The tests that reach each mutant. */
  tests: Map<string, number[]>
  hits: Map<string, number>
}

function coveringOf({ perTest }: Covered): Covering {
  const covering: Covering = { tests: new Map(), hits: new Map() }
  for (const [test, mutants] of Object.entries(perTest))
    for (const [id, hits] of Object.entries(mutants)) {
      covering.tests.set(id, [...(covering.tests.get(id) ?? []), Number(test)])
      covering.hits.set(id, Math.max(covering.hits.get(id) ?? 0, hits))
    }
  return covering
}

/** In the order in which a failure is likely to come soonest: what has killed most in the file so far, by what it costs. */
class Order {
  readonly #kills = new Map<string, number>()
  readonly #ms: readonly number[]
  readonly #most: number

  constructor(ms: readonly number[]) {
    this.#ms = ms
    // A few tests take most of the time, and notice little that no other does.
    this.#most = values.quick ? ms.reduce((a, b) => a + b, 0) / 400 : Number.POSITIVE_INFINITY
  }

  note(file: string, test: number): void {
    this.#kills.set(`${file} ${test}`, (this.#kills.get(`${file} ${test}`) ?? 0) + 1)
  }

  sorted(file: string, tests: readonly number[]): number[] {
    const quick = tests.filter(t => this.#ms[t]! <= this.#most)
    const worth = (t: number) => (0.05 + (this.#kills.get(`${file} ${t}`) ?? 0)) / (1 + this.#ms[t]!)
    return (quick.length > 0 ? quick : [...tests]).sort((a, b) => worth(b) - worth(a))
  }
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'redeye-mutation-'))
  const judges: Judge[] = []
  process.on('exit', () => {
    for (const judge of judges) judge.stop('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })
  process.on('SIGINT', () => process.exit(130))
  process.on('SIGTERM', () => process.exit(143))
  const { mutants, ...code } = await instrument(root, files)
  const judgeOf = (kind: keyof typeof code, active?: string) => {
    const judge = new Judge(join(folder, `${kind}.json`), Number(values.seeds), judges[0]?.names, active)
    judges.push(judge)
    return judge
  }
  for (const [kind, sources] of Object.entries(code)) writeFileSync(join(folder, `${kind}.json`), JSON.stringify(sources))
  const first = judgeOf('counting')
  const covered = await first.cover()
  first.stop()
  if (covered.failed.length > 0) throw new Error(`tests fail without any mutant:\n${covered.failed.join('\n')}`)
  console.error(`${mutants.length} mutants, ${first.names.length} tests of ${Math.round(covered.ms.reduce((a, b) => a + b, 0))} ms`)

  const before = earlier()
  const covering = coveringOf(covered)
  const order = new Order(covered.ms)
  const judged: Judged[] = []
  const todo: Mutant[] = []
  const note = (mutant: Mutant, verdict: Judged['status'], test?: number, how?: string) => {
    judged.push({
      ...mutant,
      hash: hashes.get(mutant.file)!,
      status: verdict,
      ...(test !== undefined && test >= 0 && { by: first.names[test]! }),
      ...(how && { how }),
    })
    if (test !== undefined && test >= 0) order.note(mutant.file, test)
  }
  // In a random order, the same each time: as far as a run comes in its time, it is a fair sample.
  const random = new Random(mutants.length)
  const shuffled = mutants.map(mutant => ({ mutant, at: random.next() })).sort((a, b) => a.at - b.at)
  for (const { mutant } of shuffled) {
    if (mutant.ignored) note(mutant, 'ignored')
    else todo.push(mutant)
  }
  const all = first.names.map((_, i) => i)
  const work = async (judge: Judge) => {
    for (let mutant = todo.shift(); mutant; mutant = todo.shift()) {
      const known = before.get(nameOf(mutant))
      if (Date.now() > until) {
        note(mutant, 'unjudged')
        continue
      }
      if (known?.status === 'killed' || known?.status === 'timeout') {
        note(mutant, known.status, known.by === undefined ? undefined : first.names.indexOf(known.by))
        continue
      }
      if (!covering.tests.has(mutant.id) && !covered.static[mutant.id]) {
        note(mutant, 'uncovered')
        continue
      }
      // What is reached only while modules load needs a process of its own.
      const isStatic = !covering.tests.has(mutant.id)
      const tests = order.sorted(mutant.file, isStatic ? all : covering.tests.get(mutant.id)!)
      const ms = tests.reduce((sum, t) => sum + covered.ms[t]!, 0)
      const own = isStatic ? judgeOf('judged', mutant.id) : judge
      const hitLimit = isStatic ? Number.MAX_SAFE_INTEGER : HITS * covering.hits.get(mutant.id)! + 10_000
      const verdict: Verdict = await own.judge(mutant.id, tests, ms, hitLimit)
      if (isStatic) own.stop()
      if (verdict.status === 'survived') note(mutant, 'survived')
      else note(mutant, verdict.status, verdict.by, verdict.how)
      if (todo.length % 100 === 0) {
        console.error(`${todo.length} left`)
        keep(judged, before)
      }
    }
    judge.stop()
  }
  await Promise.all(Array.from({ length: Number(values.jobs) }, () => work(judgeOf('judged'))))
  keep(judged, before)
  const rows = report(judged)
  if (values.survivors) for (const line of survivorLines(judged)) console.log(line)
  console.log(tableOf(rows))
}

/** The report of what was judged now, beside what earlier runs found of other files, and of these as they are. */
function keep(judged: readonly Judged[], before: ReadonlyMap<string, Judged>): void {
  const kept = new Map([...before].filter(([, j]) => !hashes.has(j.file) || hashes.get(j.file) === j.hash))
  for (const j of judged) if (j.status !== 'unjudged') kept.set(nameOf(j), j)
  mkdirSync(join(root, '.redeye'), { recursive: true })
  writeFileSync(reportFile, JSON.stringify([...kept.values()], undefined, 1))
}

await main()
process.exit()
