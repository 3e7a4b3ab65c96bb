import { nearest, RedeyeError } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import { schemaText } from '../core/schema.ts'
import type { Lake } from '../ports/lake.ts'
import { quoted } from '../sql/type.ts'
import type { Dataset } from '../task/dataset.ts'
import { toDeclared } from './column-type.ts'
import { openSession } from './duckdb.ts'
import { computeFailure } from './failure.ts'
import { schemaHash, writeManifest } from './manifest-file.ts'
import { parquet, writeParts } from './part-files.ts'
import type { Session } from './session.ts'

/** What of a delivery is looked at; see engine/deliveries.ts. */
interface Delivered {
  dataset: string
  partition: string
  files: readonly string[]
  folder: string
  generation: number
}

/**
 * Checks Parquet files from outside, named by their keys in the lake, against the declared columns, and copies them into
 * the version's own folder: whoever delivered them may change theirs, a version never changes. Throws BAD_DELIVERY.
 */
export function inspectDelivery(datasets: readonly Dataset[], lake: Lake): (delivered: Delivered) => Promise<Manifest> {
  return async delivered => {
    const dataset = datasets.find(d => d.name === delivered.dataset)!
    const { columns } = dataset
    const context = { task: dataset.name, partition: delivered.partition, file: dataset.declared.file }
    const session = await openSession({}, context)
    try {
      const paths = await Promise.all(delivered.files.map(key => deliveredFile(lake, delivered, key)))
      const relation = paths.length === 0 ? undefined : parquet(paths, ', union_by_name = true')
      const found = relation === undefined ? new Map<string, string>() : await columnsOf(session, relation)
      const selected = Object.entries(columns).map(([name, type]) => {
        if (relation !== undefined && !found.has(name)) refuseMissing(delivered, name, [...found.keys()])
        return toDeclared(name, type, found.get(name) ?? '')
      })
      const parts =
        relation === undefined
          ? { files: [], rows: 0, bytes: 0, columns: Object.fromEntries(Object.keys(columns).map(name => [name, { nulls: 0 }])) }
          : await writeParts(session, lake, delivered.folder, { relation: `(SELECT ${selected.join(', ')} FROM ${relation})`, columns })
      const { dataset: name, partition, generation } = delivered
      const manifest: Manifest = {
        format: 1,
        dataset: name,
        partition,
        generation,
        attempt: 1,
        ...parts,
        schema: schemaText(columns),
        schemaHash: schemaHash(columns),
      }
      await writeManifest(lake, delivered.folder, manifest)
      return manifest
    } catch (cause) {
      if (cause instanceof RedeyeError) throw cause
      const failure = computeFailure(cause, context)
      throw failure.failure === 'user'
        ? new RedeyeError('BAD_DELIVERY', `${where(delivered)}: ${failure.message}`, {
            cause,
            remedy: 'deliver files that fit the declared columns',
          })
        : failure
    } finally {
      session.close()
    }
  }
}

const where = ({ dataset, partition }: Delivered) => `the delivery of ${dataset}@${partition}`

async function deliveredFile(lake: Lake, delivered: Delivered, key: string): Promise<string> {
  if ((await lake.size(key)) !== undefined) return lake.fetch(key)
  throw new RedeyeError('BAD_DELIVERY', `${where(delivered)} names ${key}, which is not in the lake`, {
    remedy: 'put the file there first, and name it relative to the lake',
  })
}

async function columnsOf(session: Session, relation: string): Promise<Map<string, string>> {
  const rows = await session.rows(`DESCRIBE SELECT * FROM ${relation}`)
  return new Map(rows.map(row => [String(row.column_name), String(row.column_type)]))
}

function refuseMissing(delivered: Delivered, column: string, found: string[]): never {
  const near = nearest(column, found)
  throw new RedeyeError('BAD_DELIVERY', `${where(delivered)} has no column ${quoted(column)}; it has ${found.join(', ')}`, {
    remedy: near === undefined ? 'deliver every declared column' : `is it "${near}"? deliver it under its declared name`,
  })
}
