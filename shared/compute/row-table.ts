import type { DuckDBAppender, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import { RedeyeError } from '../core/errors.ts'
import { fitter } from '../core/fit.ts'
import type { Columns } from '../core/schema.ts'
import { quoted } from '../sql/type.ts'
import { columnList, toDuckDb, vectorType } from './column-type.ts'
import type { Session } from './session.ts'

// DuckDB's own vector size: what a chunk may hold at most.
const CHUNK_ROWS = 2048

/** A temporary table that rows are put into as they come; the rows of one chunk are in this process's memory, the rest in DuckDB's. */
export class RowTable {
  readonly name: string
  /** Rows since it was made or emptied. */
  rows = 0
  private readonly session: Session
  private readonly columns: Columns
  private readonly names: string[]
  private readonly types: DuckDBType[]
  private readonly converters: ((value: unknown) => DuckDBValue)[]
  private readonly buffers: DuckDBValue[][]
  private appender: DuckDBAppender | undefined
  private made = false

  constructor(session: Session, name: string, columns: Columns) {
    this.session = session
    this.name = name
    this.columns = columns
    this.names = Object.keys(columns)
    const types = Object.values(columns)
    this.types = types.map(type => vectorType(session.duckdb, type))
    this.converters = types.map(type => toDuckDb(session.duckdb, type))
    this.buffers = types.map(() => [])
  }

  /** Adds a row that fits the columns; a full chunk goes to DuckDB at the next `flushFull` or `finish`. */
  add(row: Record<string, unknown>): void {
    for (let i = 0; i < this.names.length; i++) this.buffers[i]!.push(this.converters[i]!(row[this.names[i]!]))
    this.rows++
  }

  /** Hands full chunks over. */
  async flushFull(): Promise<void> {
    while (this.buffers[0]!.length >= CHUNK_ROWS) await this.flushChunk(CHUNK_ROWS)
  }

  /** Hands everything over; the table then holds all rows, and may be read. */
  async finish(): Promise<void> {
    await this.flushFull()
    if (this.buffers[0]!.length > 0) await this.flushChunk(this.buffers[0]!.length)
    else await this.make()
    const { appender } = this
    this.appender = undefined
    if (appender) await this.session.guarded(() => appender.closeSync())
  }

  /** Forgets the rows; the next begin a new table in the place of this one. */
  clear(): void {
    this.made = false
    this.rows = 0
  }

  private async make(): Promise<void> {
    if (this.made) return
    await this.session.run(`CREATE OR REPLACE TEMP TABLE ${quoted(this.name)} (${columnList(this.columns)})`)
    this.made = true
  }

  private async flushChunk(count: number): Promise<void> {
    await this.make()
    this.appender ??= await this.session.appender(this.name)
    const { appender } = this
    await this.session.guarded(() => {
      const chunk = this.session.duckdb.DuckDBDataChunk.create(this.types, count)
      for (let i = 0; i < this.buffers.length; i++) chunk.setColumnValues(i, this.buffers[i]!.splice(0, count))
      appender.appendDataChunk(chunk)
    })
  }
}

/** Makes the function that fits rows which must fit: a row that does not throws BAD_ROW saying where it was. */
export function checkedRow(columns: Columns): (row: Record<string, unknown>, where: string) => Record<string, unknown> {
  const fitRecord = fitter(columns)
  return (row, where) => {
    const fitted = fitRecord(row)
    if ('row' in fitted) return fitted.row
    throw new RedeyeError('BAD_ROW', `${where}: ${fitted.reason}`, { remedy: 'give a value of the column’s type' })
  }
}
