import { posix } from 'node:path'
import type { Json } from '../core/schema.ts'
import type { Attempt } from '../ports/compute.ts'
import type { Lake } from '../ports/lake.ts'
import type { Parts } from './part-files.ts'

/**
 * What an attempt of an ingest has finished, for the next attempt of its generation: immutable files, which the next one's manifest
 * lists where they are, and the position in the source after them.
 */
export interface Checkpoint {
  format: 1
  attempt: number
  /** Files of another schema are of no use. */
  schemaHash: string
  position: Json
  parts: Parts
  /** Records seen, those that were refused included. */
  records: number
  rejected: number
  /** Files of quarantined records, in order. */
  quarantine: string[]
}

const keyOf = (attempt: Attempt, what: string) => `${posix.dirname(attempt.folder)}/g${attempt.generation}-${what}.json`

/** Whether anything of the attempt's generation may have been saved: nothing before its first has begun. */
const mayGoOn = ({ attempt, handedOn }: Attempt) => attempt > 1 || handedOn === true

/** The generation's checkpoint; undefined when there is none that this code and schema can go on from, or its files are gone. */
export async function readCheckpoint(lake: Lake, attempt: Attempt, schemaHash: string): Promise<Checkpoint | undefined> {
  const checkpoint = mayGoOn(attempt) ? await readJson<Checkpoint>(lake, keyOf(attempt, 'checkpoint')) : undefined
  if (checkpoint?.format !== 1 || checkpoint.schemaHash !== schemaHash) return undefined
  const sizes = await Promise.all(checkpoint.parts.files.map(file => lake.size(file.key)))
  return checkpoint.parts.files.every((file, i) => file.bytes === sizes[i]) ? checkpoint : undefined
}

export async function saveCheckpoint(lake: Lake, attempt: Attempt, checkpoint: Checkpoint): Promise<void> {
  await lake.put(keyOf(attempt, 'checkpoint'), JSON.stringify(checkpoint))
}

/** How far a target had accepted when an earlier attempt of the generation ended. */
export async function readDelivered(lake: Lake, attempt: Attempt): Promise<Json | undefined> {
  const delivered = mayGoOn(attempt) ? await readJson<{ format: number; position: Json }>(lake, keyOf(attempt, 'delivery')) : undefined
  return delivered?.format === 1 ? delivered.position : undefined
}

export async function saveDelivered(lake: Lake, attempt: Attempt, position: Json): Promise<void> {
  await lake.put(keyOf(attempt, 'delivery'), JSON.stringify({ format: 1, attempt: attempt.attempt, position }))
}

async function readJson<T>(lake: Lake, key: string): Promise<T | undefined> {
  const bytes = await lake.get(key)
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as T)
}
