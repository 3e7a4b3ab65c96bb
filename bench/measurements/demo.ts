import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { hostProject } from '../../cli/host.ts'
import { nightsBefore, prepareWorld, theNight } from '../../demo/demo.ts'
import { runScript } from '../../demo/script.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import type { Bench, Figure } from '../figure.ts'
import { median, monotonicMs } from '../statistics.ts'

const root = join(import.meta.dirname, '..', '..')
const lastNight = nightsBefore.at(-1)!
const earlier = nightsBefore.slice(0, -1)
// Five ingests, five transforms and four loads: a night that is faster because it does less is no measure.
const RUNS_A_NIGHT = 14

type Settings = Readonly<Record<string, string>>
/** Makes nights in a folder of its own and tells how long the last of them took, in seconds. */
type Nights = (settings: Settings, folder: string, dates: readonly string[]) => Promise<number>

/** The demo's night against a script that does the same by hand: the same reading, SQL, checks and loading, no ledger and no events. */
export async function demo({ quick, folder }: Bench): Promise<Figure[]> {
  const runtime = await startingFrom(join(folder, 'runtime'), byRuntime)
  const script = await startingFrom(join(folder, 'script'), byHand)
  const [ours, theirs]: [number[], number[]] = [[], []]
  // One after the other, so that both meet the same moods of the machine.
  for (let round = 0; round < (quick ? 1 : 7); round++) {
    ours.push(await runtime())
    theirs.push(await script())
  }
  const [value, peer] = [median(ours), median(theirs)]
  return [
    { name: 'the demo’s night', unit: 's', value, peer, note: 'peer: demo/script.ts, in the same process, alternating' },
    { name: 'the demo’s night: speed of a hand-written script', unit: '%', value: (peer / value) * 100, goal: { least: 90 } },
  ]
}

/** Makes the earlier nights once; each round begins from there with last night, which warms, and measures the night. */
async function startingFrom(folder: string, nights: Nights): Promise<() => Promise<number>> {
  const [outside, made, saved] = ['outside', 'made', 'saved'].map(name => join(folder, name)) as [string, string, string]
  mkdirSync(saved, { recursive: true })
  await inWorld(outside, settings => nights(settings, made, earlier))
  cpSync(made, join(saved, 'made'), { recursive: true })
  for (const file of delivered) if (existsSync(join(outside, file))) cpSync(join(outside, file), join(saved, file))
  return () => {
    rmSync(made, { recursive: true })
    cpSync(join(saved, 'made'), made, { recursive: true })
    for (const file of delivered) {
      rmSync(join(outside, file), { force: true })
      if (existsSync(join(saved, file))) cpSync(join(saved, file), join(outside, file))
    }
    return inWorld(outside, settings => nights(settings, made, [lastNight, theNight]))
  }
}

// What the nights deliver to, in the world outside.
const databases = ['warehouse.duckdb', 'marketing-queue.db', 'crew-desk.db']
const delivered = databases.flatMap(file => [file, `${file}.wal`, `${file}-wal`, `${file}-shm`])

async function inWorld(outside: string, use: (settings: Settings) => Promise<number>): Promise<number> {
  const world = await prepareWorld(outside)
  try {
    return await use(world.settings)
  } finally {
    await world.close()
  }
}

const byRuntime: Nights = async (settings, state, dates) => {
  let ended = { succeeded: 0, failed: 0 }
  const onRun = (_: RunDoc | undefined, run: RunDoc) => void ((run.state === 'succeeded' || run.state === 'failed') && ended[run.state]++)
  const onMessage = (line: string) => process.stderr.write(`${line}\n`)
  const { runtime } = await hostProject(root, { state, settings: { ...settings }, onRun, onMessage })
  try {
    let seconds = 0
    for (const date of dates) {
      ended = { succeeded: 0, failed: 0 }
      const began = monotonicMs()
      await runtime.publish([{ type: 'NightStarted', detail: { date } }])
      await runtime.idle()
      seconds = (monotonicMs() - began) / 1000
      if (ended.failed > 0 || ended.succeeded < RUNS_A_NIGHT)
        throw new Error(`the night ${date} did not come to its end: ${JSON.stringify(ended)}`)
    }
    return seconds
  } finally {
    await runtime.close()
  }
}

const byHand: Nights = async (settings, lake, dates) => {
  let seconds = 0
  for (const date of dates) {
    const began = monotonicMs()
    await runScript(settings, lake, [date])
    seconds = (monotonicMs() - began) / 1000
  }
  return seconds
}
