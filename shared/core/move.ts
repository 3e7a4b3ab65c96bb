import type { Graph } from './graph.ts'
import type { Manifest } from './manifest.ts'
import { keyOf, ordinalOf } from './partition.ts'
import { type RunDoc, versionFolder } from './run.ts'

/** A partition whose current version is not whole in the lake of a region, with the keys that are absent or of another size. */
export interface Incomplete {
  dataset: string
  partition: string
  keys: string[]
}

/** A request that makes incomplete versions anew: one task over partitions that follow one another. */
export interface Rerun {
  task: string
  from: string
  to: string
}

/** What a version's folder must hold by itself; the manifest names the rest. */
export const manifestOf = ({ dataset, partition, version }: RunDoc): string =>
  `${versionFolder(dataset, partition, version!.generation, version!.attempt)}/manifest.json`

/** The keys of a current version that a lake does not hold, or not in the manifest's size; `sizes` are those of all of the dataset's files. */
export function missingKeys(doc: RunDoc, manifest: Manifest | undefined, sizes: ReadonlyMap<string, number>): string[] {
  const needed = new Map<string, number | undefined>()
  if (doc.version?.ancestryFile) needed.set(doc.version.ancestryFile.key, undefined)
  if (!manifest) needed.set(manifestOf(doc), undefined)
  for (const { key, bytes } of [...(manifest?.files ?? []), ...(manifest?.quarantine ? [manifest.quarantine] : [])]) needed.set(key, bytes)
  return [...needed]
    .filter(
      ([key, bytes]) => (key === manifestOf(doc) && !manifest) || !sizes.has(key) || (bytes !== undefined && sizes.get(key) !== bytes),
    )
    .map(([key]) => key)
}

/**
 * Who is to make incomplete versions anew, and which of them nobody here can: what was made outside, or by a task that is gone. Partitions
 * that follow one another are one request.
 */
export function rerunsOf(incomplete: readonly Incomplete[], graph: Graph): { reruns: Rerun[]; outside: Incomplete[] } {
  const reruns: Rerun[] = []
  const outside: Incomplete[] = []
  for (const dataset of new Set(incomplete.map(i => i.dataset))) {
    const ofDataset = incomplete.filter(i => i.dataset === dataset)
    const producer = graph.producerOf(dataset)
    if (!producer) {
      outside.push(...ofDataset)
      continue
    }
    const { partitioning } = graph.dataset(dataset)!
    const ordinals = ofDataset.map(i => ordinalOf(partitioning, i.partition)!).sort((a, b) => a - b)
    let first = ordinals[0]!
    ordinals.forEach((ordinal, i) => {
      if (ordinals[i + 1] === ordinal + 1) return
      reruns.push({ task: producer.task, from: keyOf(partitioning, first), to: keyOf(partitioning, ordinal) })
      first = ordinals[i + 1]!
    })
  }
  return { reruns, outside }
}

/** A document as far as its replication is concerned. */
export interface Revision {
  key: { pk: string; sk: string }
  rev: number
}

/** The documents of one region that another does not have at the same revision, as `pk/sk`. */
export function behind(here: readonly Revision[], there: readonly Revision[]): string[] {
  const known = new Map(there.map(({ key, rev }) => [`${key.pk}/${key.sk}`, rev]))
  return here.map(({ key, rev }) => [`${key.pk}/${key.sk}`, rev] as const).flatMap(([name, rev]) => (known.get(name) === rev ? [] : [name]))
}

/** The steps of a move, in their order. */
export const moveSteps = ['look', 'pause', 'drain', 'silence', 'replicate', 'verify', 'switch', 'enable', 'repeat', 'resume'] as const
export type MoveStep = (typeof moveSteps)[number]

/** In what state a move that ended within a step leaves both regions. */
export function standing(step: MoveStep, from: string, to: string): string {
  switch (step) {
    case 'look':
      return 'nothing was changed'
    case 'pause':
    case 'drain':
      return `${from} still writes and is paused: what runs goes on, nothing new begins`
    case 'silence':
    case 'replicate':
    case 'verify':
    case 'switch':
      return `${from} still writes, is paused and hears nothing; ${to} stands by`
    case 'enable':
    case 'repeat':
    case 'resume':
      return `${to} writes and is paused; ${from} hears nothing`
    default:
      return step satisfies never
  }
}
