import { createHash } from 'node:crypto'
import { RedeyeError } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import { type Columns, schemaText } from '../core/schema.ts'
import type { Lake } from '../ports/lake.ts'
import type { Parts } from './part-files.ts'

/** SHA-256, in hex, of the columns' canonical text: a manifest's `schemaHash`. */
export function schemaHash(columns: Columns): string {
  return createHash('sha256').update(schemaText(columns)).digest('hex')
}

/** A version's manifest: what was written, and by which attempt. */
export function manifestOf(
  dataset: { name: string; columns: Columns },
  made: { partition: string; generation: number; attempt: number },
  parts: Parts,
  quarantine?: Manifest['quarantine'],
): Manifest {
  const { files, rows, bytes, columns } = parts
  return {
    format: 1,
    dataset: dataset.name,
    partition: made.partition,
    generation: made.generation,
    attempt: made.attempt,
    files,
    rows,
    bytes,
    columns,
    schema: schemaText(dataset.columns),
    schemaHash: schemaHash(dataset.columns),
    ...(quarantine && { quarantine }),
  }
}

export async function writeManifest(lake: Lake, folder: string, manifest: Manifest): Promise<void> {
  await lake.put(`${folder}/manifest.json`, JSON.stringify(manifest))
}

/** The manifest of a version's folder; rejects with LAKE_FAILED when there is none, NEWER_DOCUMENT when it is of a later format. */
export async function readManifest(lake: Lake, folder: string): Promise<Manifest> {
  const key = `${folder}/manifest.json`
  const bytes = await lake.get(key)
  if (!bytes)
    throw new RedeyeError('LAKE_FAILED', `the lake has no ${key}`, {
      remedy: 'see whether the version was removed by hand; a replay of its partition makes it anew',
    })
  const manifest = parse(key, new TextDecoder().decode(bytes))
  if (manifest.format !== 1)
    throw new RedeyeError('NEWER_DOCUMENT', `${key} has the format ${manifest.format}; this code reads 1`, {
      remedy: 'deploy this service anew',
    })
  return manifest
}

function parse(key: string, text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest
  } catch (cause) {
    throw new RedeyeError('LAKE_FAILED', `${key} is no JSON`, { remedy: 'replay its partition', cause })
  }
}
