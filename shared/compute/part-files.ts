import { rm } from 'node:fs/promises'
import type { DuckDBValue } from '@duckdb/node-api'
import type { ColumnStatistics, PartFile } from '../core/manifest.ts'
import type { Columns, ColumnType } from '../core/schema.ts'
import type { Lake } from '../ports/lake.ts'
import { quoted, text } from '../sql/type.ts'
import { toFile } from './column-type.ts'
import type { Session, Values } from './session.ts'
import { boundText, mergeStatistics } from './statistics.ts'

// A reader of one file needs about this much at a time; Spark splits work at half of it. Smaller versions are one file.
const PART_BYTES = 256 * 1024 * 1024

/** Finished files of a version, and what is known of their columns. */
export interface Parts {
  files: PartFile[]
  rows: number
  bytes: number
  columns: Record<string, ColumnStatistics>
}

export function noParts(columns: Columns): Parts {
  return { files: [], rows: 0, bytes: 0, columns: Object.fromEntries(Object.keys(columns).map(name => [name, { nulls: 0 }])) }
}

export function addParts(columns: Columns, a: Parts, b: Parts): Parts {
  const merged = Object.entries(columns).map(([name, type]) => {
    return [name, mergeStatistics(type, a.columns[name]!, b.columns[name]!, { a: a.rows, b: b.rows })] as const
  })
  return {
    files: [...a.files, ...b.files],
    rows: a.rows + b.rows,
    bytes: a.bytes + b.bytes,
    columns: Object.fromEntries(merged),
  }
}

/**
 * Writes a relation whose columns have their declared types as Parquet files into the lake: `part-0000.parquet` and on from `first`.
 * No rows, no file. One pass: rows, sizes and statistics come with it.
 */
export async function writeParts(
  session: Session,
  lake: Lake,
  folder: string,
  what: { relation: string; columns: Columns; values?: Values; first?: number },
): Promise<Parts> {
  const { relation, columns, values, first = 0 } = what
  const selected = Object.entries(columns).map(([name, type]) => toFile(name, type))
  const scratch = lake.scratch('')
  try {
    const written = await session.rows(
      `COPY (SELECT ${selected.join(', ')} FROM ${relation}) TO ${text(scratch)} (FORMAT parquet, COMPRESSION zstd, FILE_SIZE_BYTES ${PART_BYTES}, RETURN_STATS)`,
      values,
    )
    let parts = noParts(columns)
    for (const file of written.filter(one => Number(one.count) > 0).sort(byNumber)) {
      const key = `${folder}/part-${String(first + parts.files.length).padStart(4, '0')}.parquet`
      await session.guarded(() => lake.putFile(key, String(file.filename)))
      parts = addParts(columns, parts, await partOf(session, lake, key, file, columns))
    }
    return parts
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

type Written = Record<string, DuckDBValue>

// data_10 comes after data_9.
const byNumber = (a: Written, b: Written) => numberIn(a) - numberIn(b)
const numberIn = (file: Written) => Number(/(\d+)\.parquet$/.exec(String(file.filename))?.[1] ?? 0)

async function partOf(session: Session, lake: Lake, key: string, file: Written, columns: Columns): Promise<Parts> {
  const rows = Number(file.count)
  const bytes = Number(file.file_size_bytes)
  const known = new Map(entriesOf(file.column_statistics!).map(([name, values]) => [name, new Map(entriesOf(values!))]))
  const nested = Object.keys(columns).filter(name => isNested(columns[name]!))
  const nulls = nested.length === 0 ? {} : await countNulls(session, lake, key, nested)
  const statistics = Object.entries(columns).map(([name, type]): [string, ColumnStatistics] => {
    const found = known.get(quoted(name))
    if (isNested(type) || !found) return [name, { nulls: nulls[name] ?? 0 }]
    const bounds = { min: found.get('min'), max: found.get('max') }
    const has = bounds.min !== undefined && bounds.max !== undefined && found.get('has_nan') !== 'true'
    return [
      name,
      {
        nulls: Number(found.get('null_count')),
        ...(has ? { min: boundText(type, String(bounds.min)), max: boundText(type, String(bounds.max)) } : {}),
      },
    ]
  })
  return { files: [{ key, rows, bytes }], rows, bytes, columns: Object.fromEntries(statistics) }
}

/** Parquet knows of the nulls inside an array or struct, not of the array's own. */
async function countNulls(session: Session, lake: Lake, key: string, names: string[]): Promise<Record<string, number>> {
  const counts = names.map(name => `count(*) - count(${quoted(name)}) AS ${quoted(name)}`)
  const [row] = await session.rows(`SELECT ${counts.join(', ')} FROM ${parquet([await lake.fetch(key)])}`)
  return Object.fromEntries(names.map(name => [name, Number(row![name])]))
}

const isNested = (type: ColumnType) => typeof type === 'object' && !('decimal' in type)

function entriesOf(map: DuckDBValue): [string, DuckDBValue][] {
  return (map as { entries: { key: DuckDBValue; value: DuckDBValue }[] }).entries.map(({ key, value }) => [String(key), value])
}

/** `read_parquet` of these local files; a path is taken literally, whatever characters it has. */
export function parquet(paths: readonly string[], options = ''): string {
  return `read_parquet([${paths.map(path => text(path.replaceAll(/[*?[]/g, '[$&]'))).join(', ')}]${options})`
}
