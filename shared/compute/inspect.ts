import { fileURLToPath } from 'node:url'
import { RedeyeError } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import type { Columns, ColumnType } from '../core/schema.ts'
import type { Lake } from '../ports/lake.ts'
import { quoted, text } from '../sql/type.ts'
import type { Dataset } from '../task/dataset.ts'
import { brokenKey } from './checks.ts'
import { sessionType, toDeclared } from './column-type.ts'
import { type DuckDbOptions, openSession } from './duckdb.ts'
import { computeFailure } from './failure.ts'
import { manifestOf, writeManifest } from './manifest-file.ts'
import { parquet, writeParts } from './part-files.ts'
import type { Session } from './session.ts'

/** What was delivered: files by key of the lake, or by absolute path or file: URL of this machine. */
export interface DeliveredFiles {
  dataset: string
  partition: string
  files: readonly string[]
  /** The folder that the version gets, and the generation in its name. */
  folder: string
  generation: number
}

/**
 * Makes the function that checks delivered files against the declared columns and copies them into a version's folder, so that whoever
 * delivered them may change or remove them. Parquet, CSV with a header and JSON lines, also as .gz and .zst. Nothing is written unless all fits.
 *
 * @example
 * const manifest = await inspectDelivery(datasets, lake)({ dataset: 'orders', partition: '2001-02-14', files: ['/in/orders.csv'], folder, generation: 1 })
 */
export function inspectDelivery(datasets: readonly Dataset[], lake: Lake, options: { duckdb?: DuckDbOptions; localFiles?: boolean } = {}) {
  const byName = new Map(datasets.map(dataset => [dataset.name, dataset]))
  const { duckdb = {}, localFiles = true } = options
  return async (delivery: DeliveredFiles): Promise<Manifest> => {
    const dataset = byName.get(delivery.dataset)
    if (!dataset)
      throw new RedeyeError('UNKNOWN_NAME', `there is no dataset ${delivery.dataset}`, { remedy: 'declare it with outside: true' })
    const files = await Promise.all(delivery.files.map(async file => ({ file, path: await pathOf(lake, file, localFiles, delivery) })))
    const context = { task: delivery.dataset, partition: delivery.partition }
    const session = await openSession(duckdb, context)
    try {
      return await takeIn(session, lake, dataset, delivery, files)
    } catch (cause) {
      throw computeFailure(cause, context)
    } finally {
      session.close()
    }
  }
}

/** A file as it was named, and where it can be read. */
interface Named {
  file: string
  path: string
}

async function takeIn(session: Session, lake: Lake, dataset: Dataset, delivery: DeliveredFiles, files: Named[]): Promise<Manifest> {
  const { columns } = dataset
  const table = 'redeye_delivered'
  const list = Object.entries(columns).map(([name, type]) => `${quoted(name)} ${sessionType(type)}`)
  await session.run(`CREATE TEMP TABLE ${table} (${list.join(', ')})`)
  for (const named of files)
    await takeFile(session, table, named, columns, delivery).catch(async cause => {
      const value = CSV.test(named.file) && (await badValue(session, named, columns, delivery).catch(() => undefined))
      throw asDelivery(computeFailure(cause, { task: delivery.dataset, partition: delivery.partition }), delivery, value || named.file)
    })
  const broken = await brokenKey(session, dataset, table)
  if (broken) throw misfit(delivery, broken, 'deliver each row once, or declare a key that identifies a row')
  const parts = await writeParts(session, lake, delivery.folder, { relation: table, columns })
  const manifest = manifestOf(dataset, { ...delivery, attempt: 1 }, parts)
  await writeManifest(lake, delivery.folder, manifest)
  return manifest
}

/** Adds a file's rows, in the declared columns, to the table; throws BAD_DELIVERY when its columns are others. */
async function takeFile(session: Session, table: string, named: Named, columns: Columns, delivery: DeliveredFiles): Promise<void> {
  const { file } = named
  const reader = readerOf(named, columns, delivery)
  const probe = await session.run(`SELECT * FROM ${reader.sql} LIMIT 0`)
  const found = new Map(probe.columnNames().map((name, i) => [name.toLowerCase(), String(probe.columnType(i))]))
  const selected = Object.entries(columns).map(([name, type]) => {
    const is = found.get(name.toLowerCase())
    if (is === undefined) throw misfit(delivery, `${file} has no column ${name}, which ${delivery.dataset} declares`)
    if (!reader.textual && !isKin(is, type))
      throw misfit(delivery, `${file} has ${name} as ${is}, and ${delivery.dataset} declares ${sessionType(type)}`)
    // Both kinds of timestamp, without asking a calendar for each row.
    if (type === 'timestamp' && !reader.textual) return `make_timestamp(epoch_us(${quoted(name)})) AS ${quoted(name)}`
    return toDeclared(name, type, is)
  })
  await session.run(`INSERT INTO ${table} SELECT ${selected.join(', ')} FROM ${reader.sql}`)
}

/** The first value of a CSV file that its column cannot hold, and where it stands: `in/orders.csv: row 2 has price "cheap"`. */
async function badValue(session: Session, named: Named, columns: Columns, delivery: DeliveredFiles): Promise<string | undefined> {
  const typed = Object.entries(columns).map(([name, type]) => [name, quoted(name), sessionType(type)] as const)
  const bad = typed.map(([name, at, type]) => ({ name, at, is: `${at} IS NOT NULL AND TRY_CAST(${at} AS ${type}) IS NULL` }))
  const first = (of: (column: (typeof bad)[number]) => string) => `CASE ${bad.map(c => `WHEN ${c.is} THEN ${of(c)}`).join(' ')} END`
  const numbered = `(SELECT row_number() OVER () AS redeye_row, * FROM ${readerOf(named, columns, delivery).sql})`
  const found = await session.rows(
    `SELECT redeye_row AS n, ${first(c => text(c.name))} AS name, ${first(c => c.at)} AS value FROM ${numbered} WHERE ${bad.map(c => `(${c.is})`).join(' OR ')} LIMIT 1`,
  )
  return found[0] && `${named.file}: row ${found[0].n} has ${found[0].name} ${JSON.stringify(found[0].value)}`
}

const CSV = /\.csv(\.gz|\.zst)?$/

function readerOf({ file, path }: Named, columns: Columns, delivery: DeliveredFiles): { sql: string; textual: boolean } {
  const name = path.replace(/\.(gz|zst)$/, '')
  const literal = text(path.replaceAll(/[*?[]/g, '[$&]'))
  if (name.endsWith('.parquet')) return { sql: parquet([path]), textual: false }
  if (name.endsWith('.csv')) return { sql: `read_csv(${literal}, header = true, all_varchar = true, nullstr = '')`, textual: true }
  if (/\.(jsonl|ndjson|json)$/.test(name)) {
    const types = Object.entries(columns).map(([column, type]) => `${text(column)}: ${text(type === 'json' ? 'JSON' : sessionType(type))}`)
    return { sql: `read_json(${literal}, format = 'newline_delimited', columns = {${types.join(', ')}})`, textual: true }
  }
  throw misfit(delivery, `${file} is none of .parquet, .csv, .jsonl, also as .gz and .zst`)
}

/** Whether a Parquet column's type can hold what the declared one does, exactly where it is so: numbers for numbers, and else the type itself. */
function isKin(found: string, declared: ColumnType): boolean {
  const type = sessionType(declared)
  if (found === type) return true
  const numeric = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|DECIMAL\(.*\)|DOUBLE|FLOAT)$/
  if (numeric.test(type)) return numeric.test(found)
  if (declared === 'timestamp') return found.startsWith('TIMESTAMP')
  return type.includes('TIMESTAMP') && found.replaceAll(' WITH TIME ZONE', '') === type
}

async function pathOf(lake: Lake, file: string, localFiles: boolean, delivery: DeliveredFiles): Promise<string> {
  const local = file.startsWith('file:') ? fileURLToPath(file) : file.startsWith('/') ? file : undefined
  if (local === undefined) return lake.fetch(file)
  if (localFiles) return local
  throw misfit(delivery, `${file} is a file of some machine; here only the lake’s are read`)
}

const FITTING = 'deliver files with the declared columns, or change the declaration'

function misfit(delivery: DeliveredFiles, message: string, remedy = FITTING): RedeyeError {
  return new RedeyeError('BAD_DELIVERY', `${delivery.dataset}@${delivery.partition}: ${message}`, { remedy })
}

/** What a value does not fit is the delivery's fault and no SQL's. */
function asDelivery(error: RedeyeError, delivery: DeliveredFiles, where: string): RedeyeError {
  if (error.code !== 'BAD_SQL') return error
  return misfit(delivery, `${where}: ${error.message.replace(`${delivery.dataset}@${delivery.partition}: `, '')}`)
}
