import { delivered } from '../core/attempt.ts'
import { RedeyeError } from '../core/errors.ts'
import { checkEvent } from '../core/event-shape.ts'
import type { Envelope, EventDetails } from '../core/events.ts'
import type { Manifest } from '../core/manifest.ts'
import { parsePartition } from '../core/partition.ts'
import { type RunDoc, versionFolder } from '../core/run.ts'
import { runKey } from './keys.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/** Checks files from outside against the dataset's schema and makes them a version's: its manifest, in the folder given. */
export type Inspect = (delivery: {
  dataset: string
  partition: string
  files: readonly string[]
  folder: string
  generation: number
}) => Promise<Manifest>

/** A delivered version as the ledger keeps it, with the deliveries it has seen, so that one told twice is one. */
type DeliveredDoc = RunDoc & { deliveries?: string[] }
// A delivery is told again within hours, and a partition is seldom delivered more often than this in that time.
const REMEMBERED = 20

/** The platform's `deliveries`: records a version that was made outside; the feed then announces it like any other. */
export async function deliveries(world: World, inspect: Inspect, event: Envelope): Promise<void> {
  checkEvent(event['detail-type'], event.detail)
  const { dataset, partition, files, id = event.id } = event.detail as EventDetails['VersionDelivered']
  const contract = (await world.graph()).dataset(dataset)
  if (!contract)
    throw new RedeyeError('UNKNOWN_NAME', `a version of "${dataset}" was delivered, and no such dataset is deployed`, {
      remedy: 'declare it with outside: true',
    })
  if (!contract.outside)
    throw new RedeyeError('BAD_DELIVERY', `a version of ${dataset} was delivered, but a task makes that dataset`, {
      remedy: 'declare it with outside: true, or deliver to another',
    })
  parsePartition(contract.partitioning, partition, dataset)
  const key = runKey(dataset, partition)
  const stored = await world.ledger.get<DeliveredDoc>(key)
  if (stored?.doc.deliveries?.includes(id)) return
  // The generation counts tries: a folder is one try's own, also when two deliveries meet.
  const generation = (stored?.doc.generation ?? 0) + 1
  const manifest = await inspect({ dataset, partition, files, folder: versionFolder(dataset, partition, generation, 1), generation })
  await recordVersion(world, dataset, partition, id, generation, manifest)
}

/** Makes a delivered version the current one. */
export async function recordVersion(
  world: World,
  dataset: string,
  partition: string,
  id: string,
  generation: number,
  made: Pick<Manifest, 'rows' | 'bytes' | 'schemaHash'>,
): Promise<void> {
  const { rows, bytes, schemaHash } = made
  await swap<DeliveredDoc>(world, runKey(dataset, partition), doc => {
    if (doc?.deliveries?.includes(id)) return doc
    if ((doc?.generation ?? 0) >= generation)
      throw new RedeyeError('LEDGER_FAILED', `another delivery of ${dataset}@${partition} came first`, { failure: 'transient' })
    const next = delivered(doc, dataset, partition, { ok: true, rows, bytes, schemaHash, at: world.clock.stamp() }, generation)
    return { ...next, deliveries: [...(doc?.deliveries ?? []), id].slice(-REMEMBERED) }
  })
}
