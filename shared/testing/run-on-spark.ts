import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRelations } from '../compute/input-relation.ts'
import { manifestOf, writeManifest } from '../compute/manifest-file.ts'
import { writeParts } from '../compute/part-files.ts'
import type { Session } from '../compute/session.ts'
import { folderLake } from '../local/lake.ts'
import { localSpark, PYSPARK } from '../local/spark.ts'
import type { PinnedPartition } from '../ports/compute.ts'
import type { Lake } from '../ports/lake.ts'
import { quoted, text } from '../sql/type.ts'
import type { Task } from '../task/task.ts'

export { PYSPARK }

/** Runs a transform that only Spark can run, on the session's tables of inputs, by way of a lake that is gone afterwards. Fills the table `output`; its checks are the caller's. */
export async function runOnSpark(session: Session, task: Task, partition: string, output: string, python: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'redeye-spark-'))
  try {
    const lake = folderLake(folder)
    const inputs: Record<string, PinnedPartition[]> = {}
    for (const alias of Object.keys(task.inputs)) inputs[alias] = await storedInput(session, lake, task, alias)
    const made = { partition, version: 1, folder: `${task.output.name}/${partition}/g1-a1` }
    const attempt = { task: task.name, partition, generation: 1, attempt: 1, folder: made.folder, inputs, log: () => {} }
    await localSpark({ ...task, checks: [] }, { lake, folder, python }).run({ ...attempt, signal: new AbortController().signal })
    const { name, columns } = task.output
    const { made: relation } = await openRelations(lake, { made: { name, columns, versions: [made] } })
    const selected = Object.keys(columns).map(quoted).join(', ')
    await session.run(`CREATE TEMP TABLE ${output} AS SELECT ${selected} FROM (${relation})`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Writes an input's rows as versions of their partitions, in folders of their own: two aliases may be of one dataset. */
async function storedInput(session: Session, lake: Lake, task: Task, alias: string): Promise<PinnedPartition[]> {
  const { dataset } = task.inputs[alias]!
  const generation = Object.keys(task.inputs).indexOf(alias) + 1
  const pinned: PinnedPartition[] = []
  for (const { p } of await session.rows(`SELECT DISTINCT _partition AS p FROM ${quoted(alias)} ORDER BY p`)) {
    const partition = String(p)
    const folder = `${dataset.name}/${partition}/g${generation}-a1`
    const relation = `(FROM ${quoted(alias)} WHERE _partition = ${text(partition)})`
    const parts = await writeParts(session, lake, folder, { relation, columns: dataset.columns })
    await writeManifest(lake, folder, manifestOf(dataset, { partition, generation, attempt: 1 }, parts))
    pinned.push({ partition, version: 1, folder })
  }
  return pinned
}
