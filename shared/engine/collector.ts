import type { Graph } from '../core/graph.ts'
import type { Manifest } from '../core/manifest.ts'
import { keyOf, ordinalRange } from '../core/partition.ts'
import { isAtWork, type RunDoc, versionFolder } from '../core/run.ts'
import { DAY_MS } from '../core/zone.ts'
import type { Lake } from '../ports/lake.ts'
import { runKey } from './keys.ts'
import { partitioningOf } from './load.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

// What nothing names is what an attempt left that failed or was lost; a week is longer than any generation is retried.
const UNNAMED_MS = 7 * DAY_MS

/** What the lake holds under one attempt's folder, or beside the folders of a partition (a checkpoint). */
interface Folder {
  partition: string
  generation: number
  keys: string[]
  bytes: number
  modifiedMs: number
}

/**
 * Removes versions that are no longer current after their dataset's `keep`, and after a week what no version names. What the
 * ledger points to stays, and what a generation that is at work has pinned, wherever their files are. Resolves with what it removed.
 */
export async function collect(world: World, lake: Lake, dataset: string): Promise<{ files: number; bytes: number }> {
  const graph = await world.graph()
  const { keepMs } = graph.dataset(dataset)!
  const found = await foldersOf(lake, dataset)
  const pinned = await pinnedFolders(world, graph, dataset)
  const removed = { files: 0, bytes: 0 }
  for (const [partition, folders] of Map.groupBy(found, f => f.partition)) {
    // Read after the listing: what was published meanwhile is known, what was listed cannot be newer.
    const doc = (await world.ledger.get<RunDoc>(runKey(dataset, partition)))?.doc
    const needed = new Set<string>()
    const named = [
      ...(pinned.get(partition) ?? []),
      ...(doc?.version ? [versionFolder(dataset, partition, doc.version.generation, doc.version.attempt)] : []),
    ]
    for (const folder of named) for (const key of await filesOf(lake, folder)) needed.add(key)
    for (const folder of folders) {
      if (doc && isAtWork(doc) && folder.generation === doc.generation) continue
      const superseded = doc?.version && folder.generation < doc.version.generation
      const since = superseded ? doc.version!.at : folder.modifiedMs
      if (world.clock.now() - since <= (superseded ? keepMs : UNNAMED_MS)) continue
      const keys = folder.keys.filter(key => !needed.has(key))
      await lake.remove(keys)
      removed.files += keys.length
      removed.bytes += keys.length === folder.keys.length ? folder.bytes : 0
    }
  }
  return removed
}

async function foldersOf(lake: Lake, dataset: string): Promise<Folder[]> {
  const folders = new Map<string, Folder>()
  for await (const { key, bytes, modifiedMs } of lake.list(`${dataset}/`)) {
    const m = /^[^/]+\/([^/]+)\/(g(\d+)-(?:a\d+(?=\/)|[a-z-]+\.json$))/.exec(key)
    if (!m) continue
    const name = `${m[1]}/${m[2]}`
    const folder = folders.get(name) ?? { partition: m[1]!, generation: Number(m[3]), keys: [], bytes: 0, modifiedMs: 0 }
    folder.keys.push(key)
    folder.bytes += bytes
    folder.modifiedMs = Math.max(folder.modifiedMs, modifiedMs)
    folders.set(name, folder)
  }
  return [...folders.values()]
}

/** Everything a version needs: what lies in its folder, and the files its manifest lists, which may lie in an earlier attempt's. */
async function filesOf(lake: Lake, folder: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of lake.list(`${folder}/`)) keys.push(key)
  const manifest = await lake.get(`${folder}/manifest.json`)
  if (manifest) keys.push(...(JSON.parse(new TextDecoder().decode(manifest)) as Manifest).files.map(f => f.key))
  return keys
}

/** The folders of a dataset that generations at work have pinned, by partition. */
async function pinnedFolders(world: World, graph: Graph, dataset: string): Promise<Map<string, string[]>> {
  const partitioning = partitioningOf(graph, dataset)
  const folders = new Map<string, string[]>()
  for (const task of new Set(graph.readersOf(dataset).map(r => r.task))) {
    const keys = await world.ledger.runsInState(task.task, ['running', 'queued'])
    for (const stored of await world.ledger.getMany<RunDoc>(keys)) {
      if (!stored || !isAtWork(stored.doc)) continue
      task.inputs.forEach((input, i) => {
        if (input.dataset !== dataset) return
        for (const [from, to, , generation, attempt] of stored.doc.pins?.inputs[i] ?? [])
          for (const ordinal of ordinalRange(partitioning, from, to)) {
            const partition = keyOf(partitioning, ordinal)
            folders.set(partition, [...(folders.get(partition) ?? []), versionFolder(dataset, partition, generation, attempt)])
          }
      })
    }
  }
  return folders
}

/** When the lake was last gone through. */
interface CollectedDoc {
  v: number
  at: number
}

/** Collects every dataset, once a day however often it is asked. */
export async function collectDaily(world: World, lake: Lake): Promise<void> {
  const now = world.clock.now()
  const { before, written } = await swap<CollectedDoc>(world, { pk: 'collected', sk: 'all' }, doc =>
    doc && now - doc.at < DAY_MS ? doc : { ...doc, v: 1, at: now },
  )
  // On the first day there is nothing yet that could be old.
  if (!written || !before) return
  for (const { dataset } of (await world.graph()).datasets) await collect(world, lake, dataset)
}
