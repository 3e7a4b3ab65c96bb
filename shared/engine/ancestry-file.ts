import { createHash } from 'node:crypto'
import type { Ancestry } from '../core/ancestry.ts'
import { type RunDoc, versionFolder } from '../core/run.ts'
import type { World } from './world.ts'

// A tenth of what leaves room in a 400 KB item for everything else that grows, and four write units at most.
const IN_DOCUMENT_BYTES = 16 * 1024

/** Moves an ancestry that is too large for the document into a file of the lake; its hash stays. */
export async function spillAncestry(world: World, doc: RunDoc): Promise<RunDoc> {
  const ancestry = doc.pins?.ancestry
  if (!ancestry || sizeOf(ancestry) <= IN_DOCUMENT_BYTES) return doc
  const text = JSON.stringify(ancestry)
  const key = `${versionFolder(doc.dataset, doc.partition, doc.generation, doc.attempt)}/ancestry.json`
  await world.lake.put(key, text)
  const hash = createHash('sha256').update(text).digest('hex')
  return { ...doc, pins: { ...doc.pins!, ancestry: {}, ancestryFile: { key, hash } } }
}

/** The characters an ancestry takes as JSON, nearly. */
function sizeOf(ancestry: Ancestry): number {
  let size = 2
  for (const dataset in ancestry) {
    const lineage = ancestry[dataset]!
    // Two pairs of quotes, a colon and a comma.
    size += dataset.length + 6 + (typeof lineage === 'string' ? lineage.length : JSON.stringify(lineage).length)
  }
  return size
}
