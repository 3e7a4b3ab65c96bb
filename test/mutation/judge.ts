import { globSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TOO_OFTEN } from './pool.ts'
import { Suite } from './suite.ts'

/*
 * One process of a few: holds the code with every mutant in it and all tests, and says of each mutant it is sent which test
 * fails under it. Started by mutation.ts with the file of its code, the number of seeds of the simulation,
 * and, for a mutant in code that runs as a module is loaded, its id.
 */
const root = join(import.meta.dirname, '../..')
const [sourcesFile, seeds, active] = process.argv.slice(2)
const sources = JSON.parse(readFileSync(sourcesFile!, 'utf8')) as Record<string, string>

/** What the counting code writes to. */
const counted: {
  currentTestId?: string
  mutantCoverage?: { static: Record<string, number>; perTest: Record<string, Record<string, number>> }
} = {}
/** What the judged code looks at. */
const mutation = {
  active: active === undefined ? -1 : Number(active),
  hits: 0,
  /** A loop that a mutant makes endless ends by this. */
  hitLimit: Number.POSITIVE_INFINITY,
  hit() {
    if (++mutation.hits > mutation.hitLimit) throw new Error(TOO_OFTEN)
    return true
  },
}
Object.assign(globalThis, { __stryker__: counted, mutation })

export type ToJudge = { cover: true } | { judge: string; tests: number[]; hitLimit: number }
export type FromJudge =
  | { ready: string[] }
  | { covered: { perTest: Record<string, Record<string, number>>; static: Record<string, number>; ms: number[]; failed: string[] } }
  | { mutant: string; killedBy?: number; how?: string }

const byUrl = new Map(Object.entries(sources).map(([path, source]) => [pathToFileURL(path).href, source]))
registerHooks({
  load(url, context, next) {
    const source = byUrl.get(url)
    return source === undefined ? next(url, context) : { format: 'module', source, shortCircuit: true }
  },
})

const suite = new Suite()

async function loadTests(): Promise<void> {
  suite.provide()
  for (const file of globSync(['test/core/*.test.ts', 'test/engine/*.test.ts', 'test/rehearse/*.test.ts', 'test/task/*.test.ts'], {
    cwd: root,
  }).sort())
    if (!file.includes('.slow.')) await suite.load(pathToFileURL(join(root, file)), file)
  const { openStory } = await import('../../shared/rehearse/parse.ts')
  const { play } = await import('../../shared/rehearse/player.ts')
  for (const file of globSync('test/stories/**/*.yaml', { cwd: root }).sort()) {
    const text = readFileSync(join(root, file), 'utf8')
    suite.add(file, async () => {
      await play(openStory(text, file).bind())
    })
  }
  if (Number(seeds) === 0) return
  const simulation = await import('../simulation/play.ts')
  for (let seed = 1; seed <= Number(seeds); seed++)
    suite.add(`test/simulation seed ${seed}`, async () => {
      const { failure } = await simulation.play(simulation.drawScenario(seed))
      if (failure) throw failure
    })
}

const resets = () => (globalThis as { mutationResets?: (() => void)[] }).mutationResets ?? []

/** Every test without any mutant: what it covers and how long it takes. */
async function cover(): Promise<void> {
  const ms: number[] = []
  const failed: string[] = []
  for (const [i, { name, run }] of suite.tests.entries()) {
    for (const reset of resets()) reset()
    counted.currentTestId = String(i)
    const began = performance.now()
    try {
      await run()
    } catch (error) {
      failed.push(`${name}: ${(error as Error).message}`)
    }
    ms.push(performance.now() - began)
  }
  delete counted.currentTestId
  const { perTest, static: atLoad } = counted.mutantCoverage ?? { perTest: {}, static: {} }
  say({ covered: { perTest, static: atLoad, ms, failed } })
}

/** Runs tests under one mutant until one fails. */
async function judge(mutant: string, tests: readonly number[], hitLimit: number): Promise<void> {
  mutation.active = Number(mutant)
  mutation.hitLimit = hitLimit
  mutation.hits = 0
  for (const i of tests) {
    for (const reset of resets()) reset()
    try {
      await suite.tests[i]!.run()
    } catch (error) {
      return say({
        mutant,
        killedBy: i,
        how: mutation.hits > hitLimit ? TOO_OFTEN : String((error as Error | undefined)?.message ?? error).slice(0, 200),
      })
    }
  }
  say({ mutant })
}

function say(message: FromJudge): void {
  process.send!(message)
}

// A mutant of what runs as modules load may let none of them load.
await loadTests().catch(() => process.exit(1))
// What a mutant breaks without anybody waiting for it is no reason to end the process.
process.on('unhandledRejection', () => {})
process.on('uncaughtException', () => {})
process.on('message', (message: ToJudge) => {
  if ('cover' in message) void cover()
  else void judge(message.judge, message.tests, message.hitLimit)
})
// Whoever asked is gone.
process.on('disconnect', () => process.exit())
process.on('SIGTERM', () => void suite.end().finally(() => process.exit()))
say({ ready: suite.tests.map(t => t.name) })
