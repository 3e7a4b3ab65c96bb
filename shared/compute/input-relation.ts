import { RedeyeError } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import { type Columns, schemaText } from '../core/schema.ts'
import type { PinnedPartition } from '../ports/compute.ts'
import type { Lake } from '../ports/lake.ts'
import { quoted, text } from '../sql/type.ts'
import { fromFile, sessionType } from './column-type.ts'
import { readManifest } from './manifest-file.ts'
import { parquet } from './part-files.ts'

/** A dataset as its reader declares it, and the versions that are read. */
export interface PinnedDataset {
  name: string
  columns: Columns
  versions: readonly PinnedPartition[]
}

/** A version of a partition with its manifest. */
export interface DescribedVersion {
  partition: string
  manifest: Manifest
}

/** One whose files are at hand, by their local paths. */
export interface OpenedVersion extends DescribedVersion {
  paths: string[]
}

// So many answers of a bucket are awaited at once; a year of hours would otherwise be nine thousand.
const AT_ONCE = 32

/** Reads the manifests of pinned versions, and nothing of their files. */
export function openedManifests(lake: Lake, pinned: readonly PinnedPartition[]): Promise<DescribedVersion[]> {
  return severally(pinned, async ({ partition, folder }) => ({ partition, manifest: await readManifest(lake, folder) }))
}

/** Reads the manifests of pinned versions and fetches their files; rejects with BAD_DATASET before that when one has columns that cannot be read. */
export async function openVersions(lake: Lake, dataset: PinnedDataset): Promise<OpenedVersion[]> {
  return fetchFiles(lake, await readableManifests(lake, dataset))
}

/** The queries over versions of some datasets, by the names they are given; no file is fetched before all are known to be readable. */
export async function openRelations(lake: Lake, datasets: Readonly<Record<string, PinnedDataset>>): Promise<Record<string, string>> {
  const described: [string, PinnedDataset, DescribedVersion[]][] = []
  for (const [name, dataset] of Object.entries(datasets)) described.push([name, dataset, await readableManifests(lake, dataset)])
  const relations: Record<string, string> = {}
  for (const [name, dataset, versions] of described)
    relations[name] = selectVersions(dataset.name, dataset.columns, await fetchFiles(lake, versions))
  return relations
}

async function readableManifests(lake: Lake, { name, columns, versions }: PinnedDataset): Promise<DescribedVersion[]> {
  const described = await openedManifests(lake, versions)
  for (const [schema, [first]] of Map.groupBy(described, version => version.manifest.schema))
    writtenColumns(name, columns, schema, first!.partition)
  return described
}

function fetchFiles(lake: Lake, described: readonly DescribedVersion[]): Promise<OpenedVersion[]> {
  return severally(described, async version => ({
    ...version,
    paths: await Promise.all(version.manifest.files.map(file => lake.fetch(file.key))),
  }))
}

async function severally<A, T>(all: readonly A[], open: (one: A) => Promise<T>): Promise<T[]> {
  const opened: T[] = []
  for (let i = 0; i < all.length; i += AT_ONCE) opened.push(...(await Promise.all(all.slice(i, i + AT_ONCE).map(open))))
  return opened
}

/** A query with these relations in front of it, by name. Unlike a view, a relation that the query does not use costs nothing. */
export function withRelations(relations: Readonly<Record<string, string>>, query: string): string {
  const named = Object.entries(relations).map(([name, select]) => `${quoted(name)} AS NOT MATERIALIZED (${select})`)
  return named.length === 0 ? query : `WITH ${named.join(', ')} ${query}`
}

/**
 * The query over versions of a dataset: its declared columns and `_partition`; nothing there is an empty table. One scan for all files
 * that were written under the same schema.
 */
export function selectVersions(dataset: string, columns: Columns, versions: OpenedVersion[]): string {
  const bySchema = new Map<string, OpenedVersion[]>()
  for (const version of versions) {
    const schema = version.manifest.schema
    const same = bySchema.get(schema)
    if (same) same.push(version)
    else bySchema.set(schema, [version])
  }
  const scans: string[] = []
  for (const [schema, same] of bySchema) {
    const written = writtenColumns(dataset, columns, schema, same[0]!.partition)
    if (same.some(version => version.paths.length > 0)) scans.push(scan(columns, written, same))
  }
  return scans.length > 0 ? scans.join(' UNION ALL ') : emptyTable(columns)
}

export function emptyTable(columns: Columns): string {
  const nulls = Object.entries(columns).map(([name, type]) => `CAST(NULL AS ${sessionType(type)}) AS ${quoted(name)}`)
  return `SELECT ${[...nulls, 'CAST(NULL AS VARCHAR) AS _partition'].join(', ')} WHERE false`
}

function scan(columns: Columns, written: Map<string, string>, versions: OpenedVersion[]): string {
  const selected = Object.entries(columns).map(([name, type]) =>
    written.has(name) ? fromFile(name, type) : `CAST(NULL AS ${sessionType(type)}) AS ${quoted(name)}`,
  )
  const partitions = versions.flatMap(version => version.paths.map(path => [path, version.partition] as const))
  const one = versions.length === 1
  // By the file's name, which costs nothing unless the SQL asks for it; a scan a partition would cost a millisecond each.
  const partition = one
    ? text(versions[0]!.partition)
    : `MAP {${partitions.map(([path, key]) => `${text(path)}: ${text(key)}`).join(', ')}}[filename]`
  const files = parquet(
    partitions.map(([path]) => path),
    one ? '' : ', filename = true',
  )
  return `SELECT ${[...selected, `${partition} AS _partition`].join(', ')} FROM ${files}`
}

/** The columns a version was written with; a column that is gone or has another type since is an error before anything is read. */
export function writtenColumns(dataset: string, columns: Columns, schema: string, partition: string): Map<string, string> {
  const written = parseSchema(schema)
  if (schema === schemaText(columns)) return written
  const declared = parseSchema(schemaText(columns))
  for (const [name, type] of written) {
    const now = declared.get(name)
    if (now === type) continue
    const change =
      now === undefined ? `has the column ${name}, which is declared no more` : `has ${name} as ${type}, which is declared as ${now}`
    throw new RedeyeError('BAD_DATASET', `${dataset}@${partition} ${change}`, {
      remedy: `replay ${dataset} for its old partitions, or declare the column as it was and add a new one beside it`,
    })
  }
  return written
}

/** Names and types of a schema's canonical text, `a:int,b:struct<c:int,d:string>`. */
export function parseSchema(schema: string): Map<string, string> {
  const columns = new Map<string, string>()
  let depth = 0
  let start = 0
  for (let i = 0; i <= schema.length; i++) {
    const c = schema[i]
    if (c === '<' || c === '(') depth++
    else if (c === '>' || c === ')') depth--
    else if ((c === ',' && depth === 0) || i === schema.length) {
      const column = schema.slice(start, i)
      const colon = column.indexOf(':')
      if (colon > 0) columns.set(column.slice(0, colon), column.slice(colon + 1))
      start = i + 1
    }
  }
  return columns
}
