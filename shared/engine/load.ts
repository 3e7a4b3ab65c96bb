import type { Ancestry } from '../core/ancestry.ts'
import { RedeyeError } from '../core/errors.ts'
import type { Graph } from '../core/graph.ts'
import { keyOf, ordinalOf, type Partitioning } from '../core/partition.ts'
import type { Place } from '../core/place.ts'
import { type InputFacts, neededOrdinals, type PartitionFacts } from '../core/readiness.ts'
import { overStates, type RunDoc, type Version } from '../core/run.ts'
import type { Stored } from '../ports/ledger.ts'
import { runKey } from './keys.ts'
import { known } from './swap.ts'
import type { World } from './world.ts'

const knownPlaces = new WeakMap<Graph, Map<string, Omit<Place, 'ordinal'>>>()

/** A run's place in the graph; throws UNKNOWN_NAME for a task or dataset that is not deployed. */
export function placeOf(graph: Graph, task: string, ordinal: number): Place {
  let places = knownPlaces.get(graph)
  if (!places) knownPlaces.set(graph, (places = new Map()))
  let place = places.get(task)
  if (!place) places.set(task, (place = newPlace(graph, task)))
  return { ...place, ordinal }
}

function newPlace(graph: Graph, task: string): Omit<Place, 'ordinal'> {
  const contract = graph.task(task)
  if (!contract)
    throw new RedeyeError('UNKNOWN_NAME', `no task "${task}" is deployed`, {
      remedy: 'deploy it, or see `redeye graph` for the tasks there are',
    })
  return {
    contract,
    output: partitioningOf(graph, contract.output),
    inputs: contract.inputs.map(i => partitioningOf(graph, i.dataset)),
  }
}

export function partitioningOf(graph: Graph, dataset: string) {
  const found = graph.dataset(dataset)
  if (!found)
    throw new RedeyeError('UNKNOWN_NAME', `no dataset "${dataset}" is deployed`, {
      remedy: 'deploy its producer, or the platform for an outside one',
    })
  return found.partitioning
}

/** What reading takes of the world: also a command that runs no runtime can. */
export type Readable = Pick<World, 'ledger' | 'lake'>

/** What the ledger says of every partition the run needs. `requested`: whether to see which of them a request selects. */
export async function loadFacts(world: Readable, place: Place, requested: boolean): Promise<InputFacts[]> {
  return Promise.all(
    place.contract.inputs.map(async (input, i): Promise<InputFacts> => {
      const partitioning = place.inputs[i]!
      if (input.mapping.map === 'latest') {
        const latest = await newest(world, input.dataset, partitioning)
        if (!latest) return { input, partitioning, needed: [] }
        const { ordinal, version, awaited } = latest
        return { input, partitioning, needed: [], latest: { ordinal, version }, ...(requested && awaited && { awaited }) }
      }
      const ordinals = neededOrdinals(input, partitioning, place.output, place.ordinal)
      const docs = await world.ledger.getMany<RunDoc>(ordinals.map(o => runKey(input.dataset, keyOf(partitioning, o))))
      const needed = await Promise.all(ordinals.map((ordinal, at) => factsOf(world, ordinal, docs[at], requested)))
      return { input, partitioning, needed }
    }),
  )
}

async function factsOf(world: Readable, ordinal: number, stored: Stored<RunDoc> | undefined, requested: boolean): Promise<PartitionFacts> {
  const doc = known(stored)?.doc
  if (!doc) return { ordinal }
  // Until its next version a skipped partition counts as not existing, whatever it had before.
  if (doc.skipped) return { ordinal, skipped: true, ...(doc.version && { skippedAt: doc.version.at }) }
  return {
    ordinal,
    ...(doc.version && { version: doc.version.ancestryFile ? await withAncestry(world, doc.version) : doc.version }),
    ...(requested && isRequested(doc) && { requested: doc.requests! }),
    ...(requested && doc.named && { named: doc.named }),
  }
}

/** Whether a request selects a run that is not over. */
const isRequested = ({ requests, state }: RunDoc): boolean =>
  (requests?.length ?? 0) > 0 && state !== undefined && !overStates.includes(state)

async function withAncestry(world: Readable, version: Version): Promise<Version> {
  const bytes = await world.lake.get(version.ancestryFile!.key)
  if (!bytes) throw new RedeyeError('LAKE_FAILED', `the ancestry ${version.ancestryFile!.key} is not in the lake`, { failure: 'transient' })
  return { ...version, ancestry: JSON.parse(new TextDecoder().decode(bytes)) as Ancestry }
}

// Partitions that wait for tomorrow have documents too, so the newest published one may not be the first: a few cost no more than one.
const FIRST_PAGE = 4
const PAGE = 32

/** What `latest` gives of a dataset, and whether a request is still to make it anew, or a newer one. */
export interface Newest {
  ordinal: number
  version: Version
  awaited: boolean
}

/** The newest ready partition: the greatest key in time, or of a keyed dataset the one published last. */
export async function newest({ ledger }: Pick<Readable, 'ledger'>, dataset: string, p: Partitioning): Promise<Newest | undefined> {
  const { pk } = runKey(dataset, '')
  const docs: RunDoc[] = []
  const take = (page: readonly Stored<RunDoc>[]) => docs.push(...page.flatMap(({ doc }) => (doc.skipped ? [] : [doc])))
  if (p.grain === 'keys') take(await ledger.query<RunDoc>(pk))
  else
    for (let to: string | undefined; ; ) {
      const limit = to === undefined ? FIRST_PAGE : PAGE
      const page = await ledger.query<RunDoc>(pk, { descending: true, limit, ...(to !== undefined && { to }) })
      const found = page.findIndex(s => s.doc.version && !s.doc.skipped)
      take(found < 0 ? page : page.slice(0, found + 1))
      if (found >= 0 || page.length < limit) break
      to = page[page.length - 1]!.key.sk
    }
  const ready = docs.filter(d => d.version).reduce<RunDoc | undefined>((a, b) => (a && a.version!.at >= b.version!.at ? a : b), undefined)
  const ordinal = ready && ordinalOf(p, ready.partition)
  return ordinal === undefined ? undefined : { ordinal, version: ready!.version!, awaited: docs.some(isRequested) }
}

/** The ordinals of a task's runs that are there, for an input that concerns every one. */
export async function existingRuns({ ledger }: Pick<World, 'ledger'>, output: Partitioning, dataset: string): Promise<number[]> {
  const docs = await ledger.query<RunDoc>(runKey(dataset, '').pk)
  return docs.flatMap(({ doc, key }) => {
    const ordinal = doc.state === undefined ? undefined : ordinalOf(output, key.sk)
    return ordinal === undefined ? [] : [ordinal]
  })
}
