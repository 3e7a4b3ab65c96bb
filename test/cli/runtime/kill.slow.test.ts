import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { DuckDBInstance } from '@duckdb/node-api'
import { versionFolder } from '../../../shared/core/run.ts'
import { folderLake } from '../../../shared/local/lake.ts'
import { withWarehouse } from '../../../shared/targets/warehouse-file.ts'
import { Random } from '../../simulation/random.ts'
import { runsIn, type Shop, shop, startRedeye } from './shop.ts'

/*
 * The real thing beside the simulation: the command, its threads, SQLite, DuckDB and files, killed with SIGKILL at random
 * moments and begun again. REDEYE_KILLS says how many deaths, REDEYE_SEED which: the moments are drawn from it (those by the
 * clock fall where the machine's pace lets them).
 */
const kills = Number(process.env.REDEYE_KILLS ?? 200)
const seed = Number(process.env.REDEYE_SEED ?? Date.now() % 1_000_000)
// Two at once, for most of a life is one thread's start.
const AT_ONCE = 2

// What a shop goes through, each act repeated until it has been played to its end: a week filled in, nights, replays between them.
// A replay of several days may run their week more than once, which depends on pace; of one day, everything once.
const days = 14
const date = (day: number) => `2001-02-${String(day).padStart(2, '0')}`
const night = (day: number) => ['night', date(day)]
const replay = (task: string, day: number) => ['request', task, '--from', date(day), '--run', 'all', '--id', `again-${task}`]
const acts: string[][] = [
  ['request', 'read-orders', '--from', date(1), '--to', date(9), '--id', 'days'],
  ...[10, 11, 12].map(night),
  replay('sum-days', 3),
  ...[13, 14].map(night),
  replay('read-orders', 12),
]

interface Facts {
  runs: ReturnType<typeof runsIn>
  versions: Record<string, unknown[]>
  warehouse: unknown[]
  deadLetters: number
}

/** What the nights have come to, read without the command: every current version's rows, and the warehouse's. */
async function factsOf({ folder }: Shop): Promise<Facts> {
  const db = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  const ledger = new DatabaseSync(join(folder, '.redeye/ledger.db'), { readOnly: true })
  try {
    const lake = folderLake(join(folder, '.redeye/lake'))
    const docs = ledger.prepare(`SELECT doc FROM docs WHERE pk LIKE 'run/%' ORDER BY pk, sk`).all() as { doc: string }[]
    const versions: Facts['versions'] = {}
    for (const { doc } of docs) {
      const { dataset, partition, version } = JSON.parse(doc)
      if (!version) continue
      const manifest = await lake.get(`${versionFolder(dataset, partition, version.generation, version.attempt)}/manifest.json`)
      const { files } = JSON.parse(new TextDecoder().decode(manifest)) as { files: { key: string; bytes: number }[] }
      const paths = files.map(f => join(folder, '.redeye/lake', f.key))
      expect(paths.map(path => statSync(path).size)).toEqual(files.map(f => f.bytes))
      // Receipts tell when a delivery was, which no two nights share; of them only that they are there.
      const columns = dataset === 'totals_loaded' ? 'count(*)' : '*'
      const rows = await db.runAndReadAll(`select ${columns} from read_parquet([${paths.map(path => `'${path}'`)}]) order by all`)
      versions[`${dataset}@${partition}`] = rows.getRowsJson()
    }
    const warehouse = await withWarehouse(
      join(folder, 'warehouse.duckdb'),
      ms => sleep(ms),
      async warehoused => (await warehoused.runAndReadAll('select * from day_totals order by all')).getRowsJson(),
      'READ_ONLY',
    )
    const letters = ledger.prepare('SELECT count(*) AS n FROM dead_letters').get() as { n: number }
    return { runs: runsIn(folder).filter(r => r.state !== 'waiting'), versions, warehouse, deadLetters: letters.n }
  } finally {
    ledger.close()
    db.closeSync()
  }
}

/** A moment: by the clock from the start of the process, most of them after it has begun to work; or at the n-th of what it does. */
function drawMoment(random: Random): { ms: number } | { at: string } {
  if (random.chance(0.4)) return { ms: random.int(200, 1200) }
  const kind = random.pick(['commit', 'committed', 'write', 'message'])
  // Often early: what a process finds when it starts is what the last one left.
  const most = random.pick([3, 10, 30]) * (kind === 'write' ? 6 : 1)
  return { at: `${kind}:${random.int(1, most)}` }
}

/** One life of the command; true when it ended by itself before its moment came. */
async function live(folder: string, act: string[], moment: ReturnType<typeof drawMoment>): Promise<boolean> {
  const preload = `--import ${join(import.meta.dirname, 'die.mjs')}`
  const life = startRedeye(folder, act, 'at' in moment ? { NODE_OPTIONS: preload, DIE_AT: moment.at } : {})
  const timer = 'ms' in moment ? setTimeout(() => life.child.kill('SIGKILL'), moment.ms) : undefined
  const ended = await life.ended
  clearTimeout(timer)
  if (ended === 'SIGKILL') return false
  expect([ended, life.text.err, act]).toEqual([0, '', act])
  return true
}

test(`killed ${kills} times (seed ${seed}), nights come to the same as undisturbed, each run published once`, async () => {
  console.log(`seed ${seed}: REDEYE_SEED=${seed} draws the same moments again`)
  // Meanwhile the first are killed.
  const undisturbed = (async () => {
    const calm = shop(days)
    for (const act of acts) expect((await calm.redeye(...act)).exit).toBe(0)
    const right = await factsOf(calm)
    expect(right.runs.every(r => r.state === 'succeeded')).toBe(true)
    expect(Object.keys(right.versions)).toHaveLength(days * 4 + 2)
    return right
  })()

  let died = 0
  const places: Record<string, number> = {}
  const play = async (random: Random) => {
    while (died < kills) {
      const killed = shop(days)
      for (const act of acts)
        for (let over = false; !over; ) {
          const moment = died < kills ? drawMoment(random) : { ms: 600_000 }
          over = await live(killed.folder, act, moment)
          if (over) continue
          died++
          const place = 'at' in moment ? moment.at.replace(/:.*/, '') : 'clock'
          places[place] = (places[place] ?? 0) + 1
        }
      // A request has nothing to say of what follows from it; a night takes up whatever is left.
      expect((await killed.redeye(...night(days))).exit).toBe(0)
      expect(await factsOf(killed)).toEqual(await undisturbed)
    }
  }
  await Promise.all([undisturbed, ...Array.from({ length: AT_ONCE }, (_, n) => play(new Random(seed * AT_ONCE + n)))])
  console.log(`died ${died} times, at: ${JSON.stringify(places)}`)
  expect(died).toBeGreaterThanOrEqual(kills)
}, 1_800_000)
