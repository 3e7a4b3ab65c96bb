import { createHash } from 'node:crypto'
import { type RunDoc, versionFolder } from '../core/run.ts'
import type { World } from './world.ts'

// A tenth of what leaves room in a 400 KB item for everything else that grows, and four write units at most.
const IN_DOCUMENT_BYTES = 16 * 1024

/** Moves an ancestry that is too large for the document into a file of the lake; the highest numbers stay. */
export async function spillAncestry(world: World, doc: RunDoc): Promise<RunDoc> {
  const ancestry = doc.pins?.ancestry
  if (!ancestry) return doc
  let ranges = 0
  for (const dataset in ancestry) ranges += (ancestry[dataset]!.ranges?.length ?? 0) + Object.keys(ancestry[dataset]!.keys ?? {}).length
  // A range is at least seven bytes, and most are under twenty: below this there is nothing to measure.
  if (ranges < IN_DOCUMENT_BYTES / 64) return doc
  const text = JSON.stringify(ancestry)
  if (text.length <= IN_DOCUMENT_BYTES) return doc
  const key = `${versionFolder(doc.dataset, doc.partition, doc.generation, doc.attempt)}/ancestry.json`
  await world.lake.put(key, text)
  const highest = Object.fromEntries(Object.entries(ancestry).map(([dataset, { max }]) => [dataset, { max }]))
  const hash = createHash('sha256').update(text).digest('hex')
  return { ...doc, pins: { ...doc.pins!, ancestry: highest, ancestryFile: { key, hash } } }
}
