import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { hostProject } from '../../cli/host.ts'
import { nightsBefore, prepareWorld, theNight } from '../../demo/demo.ts'
import { runScript } from '../../demo/script.ts'
import type { Bench, Figure } from '../figure.ts'
import { median, monotonicMs } from '../statistics.ts'

const root = join(import.meta.dirname, '..', '..')

/** The demo's night against a script that does the same by hand: the same reading, SQL, checks and loading, no ledger and no events. */
export async function demo({ quick, folder }: Bench): Promise<Figure[]> {
  const before = quick ? nightsBefore.slice(-1) : nightsBefore.slice(-7)
  const outside = join(folder, 'outside')
  const hosted: number[] = []
  const script: number[] = []
  // One after the other, so that both meet the same moods of the machine; the first pair warms what both share.
  for (let round = 0; round < (quick ? 1 : 6); round++) {
    const [ours, theirs] = [
      await byRuntime(outside, join(folder, `state-${round}`), before),
      await byHand(outside, join(folder, `script-${round}`), before),
    ]
    if (round === 0 && !quick) continue
    hosted.push(ours)
    script.push(theirs)
  }
  const [value, peer] = [median(hosted), median(script)]
  return [
    { name: 'the demo’s night', unit: 's', value, peer, note: 'peer: demo/script.ts, in the same process, alternating' },
    { name: 'the demo’s night: speed of a hand-written script', unit: '%', value: (peer / value) * 100, goal: { least: 90 } },
  ]
}

async function byRuntime(outside: string, state: string, before: readonly string[]): Promise<number> {
  return withWorld(outside, async settings => {
    const { runtime } = await hostProject(root, { state, settings, onMessage: line => process.stderr.write(`${line}\n`) })
    try {
      const night = async (date: string) => {
        await runtime.publish([{ type: 'NightStarted', detail: { date } }])
        await runtime.idle()
      }
      for (const date of before) await night(date)
      const began = monotonicMs()
      await night(theNight)
      return (monotonicMs() - began) / 1000
    } finally {
      await runtime.close()
    }
  })
}

async function byHand(outside: string, lake: string, before: readonly string[]): Promise<number> {
  return withWorld(outside, async settings => {
    await runScript(settings, lake, before)
    const began = monotonicMs()
    await runScript(settings, lake, [theNight])
    return (monotonicMs() - began) / 1000
  })
}

/** The world outside as it was at the beginning: what is delivered to starts empty. */
async function withWorld(outside: string, use: (settings: Record<string, string>) => Promise<number>): Promise<number> {
  for (const file of [
    'warehouse.duckdb',
    'warehouse.duckdb.wal',
    'marketing-queue.db',
    'marketing-queue.db-wal',
    'marketing-queue.db-shm',
    'crew-desk.db',
  ])
    rmSync(join(outside, file), { force: true })
  const world = await prepareWorld(outside)
  try {
    return await use(world.settings)
  } finally {
    await world.close()
  }
}
