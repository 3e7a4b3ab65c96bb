import type { Graph } from '../../core/graph.ts'
import type { Manifest } from '../../core/manifest.ts'
import { behind, type Incomplete, manifestOf, missingKeys } from '../../core/move.ts'
import type { RunDoc } from '../../core/run.ts'
import { graphKey, runKey } from '../../engine/keys.ts'
import type { Ledger } from '../../ports/ledger.ts'
import { inTurns } from '../dynamodb-order.ts'
import type { Region } from './region.ts'

// Beside the listings; a manifest has a kilobyte or two.
const MANIFESTS_AT_ONCE = 32

/** The documents of a region that another one does not have yet, at the same revision. Reads the ledger whole, in both. */
export async function notReplicated(from: Pick<Region, 'ledger'>, to: Pick<Region, 'ledger'>, graph: Graph): Promise<string[]> {
  const late: string[] = []
  for (const pk of partitionKeys(graph)) {
    const here = await from.ledger.query(pk)
    // What is listed by the index may be listed there a moment later: its documents are asked for one by one.
    const there = (await to.ledger.getMany(here.map(s => s.key))).flatMap(s => (s ? [s] : []))
    late.push(...behind(here, there))
  }
  return late
}

const partitionKeys = (graph: Graph): string[] => [
  'contract',
  graphKey.pk,
  'schema',
  'night',
  'request',
  'pause',
  'limit',
  ...graph.datasets.map(d => runKey(d.dataset, '').pk),
]

/** What was looked at, and what of it is not whole. */
export interface Inspected {
  versions: number
  files: number
  incomplete: Incomplete[]
}

/** Looks at every current version of every dataset: its manifest, and each file that it lists, in the manifest's size. */
export async function inspectLake({ ledger, lake }: Pick<Region, 'ledger' | 'lake'>, graph: Graph): Promise<Inspected> {
  const all: Inspected = { versions: 0, files: 0, incomplete: [] }
  for (const { dataset } of graph.datasets) {
    const { versions, files, incomplete } = await inspectDataset(ledger, lake, dataset)
    all.versions += versions
    all.files += files
    all.incomplete.push(...incomplete)
  }
  return all
}

/** The same of those that were not whole before: a version that has been replaced meanwhile counts no more. */
export async function inspectAgain(region: Pick<Region, 'ledger' | 'lake'>, incomplete: readonly Incomplete[]): Promise<Incomplete[]> {
  const left: Incomplete[] = []
  for (const dataset of new Set(incomplete.map(i => i.dataset))) {
    const wanted = new Set(incomplete.filter(i => i.dataset === dataset).map(i => i.partition))
    left.push(...(await inspectDataset(region.ledger, region.lake, dataset, wanted)).incomplete)
  }
  return left
}

async function inspectDataset(
  ledger: Pick<Ledger, 'query'>,
  lake: Region['lake'],
  dataset: string,
  only?: ReadonlySet<string>,
): Promise<Inspected> {
  const current = (await ledger.query<RunDoc>(runKey(dataset, '').pk)).filter(({ key, doc }) => doc.version && (!only || only.has(key.sk)))
  const found: Inspected = { versions: current.length, files: 0, incomplete: [] }
  if (current.length === 0) return found
  // A listing tells a thousand sizes at once, where each file would be a request.
  const sizes = new Map<string, number>()
  for await (const { key, bytes } of lake.list(`${dataset}/`)) sizes.set(key, bytes)
  await inTurns(current, MANIFESTS_AT_ONCE, async ({ doc }) => {
    const bytes = sizes.has(manifestOf(doc)) ? await lake.get(manifestOf(doc)) : undefined
    const manifest = bytes && (JSON.parse(new TextDecoder().decode(bytes)) as Manifest)
    // What was delivered from outside may lie elsewhere.
    for (const { key } of manifest?.files ?? []) if (!key.startsWith(`${dataset}/`)) await addSize(sizes, lake, key)
    const keys = missingKeys(doc, manifest, sizes)
    found.files += manifest?.files.length ?? 0
    if (keys.length > 0) found.incomplete.push({ dataset, partition: doc.partition, keys })
  })
  found.incomplete.sort((a, b) => (a.partition < b.partition ? -1 : 1))
  return found
}

async function addSize(sizes: Map<string, number>, lake: Region['lake'], key: string): Promise<void> {
  const bytes = await lake.size(key)
  if (bytes !== undefined) sizes.set(key, bytes)
}
