import type { DuckDBConnection } from '@duckdb/node-api'
import type { Columns } from '../../shared/core/schema.ts'
import { type CompiledSql, compileSql, outputTypes, type SqlInput } from '../../shared/sql/compile.ts'
import { duckdbTypeOf, quoted, typeOfColumn } from '../../shared/sql/type.ts'
import { duckdb, rowsOf } from './duckdb.ts'

/** An input of a test: its columns, and its rows as the text of VALUES in DuckDB, without `_partition`. */
export interface TestInput {
  columns: Columns
  rows: string
}

/** Compiles and runs statements of Spark SQL on a DuckDB with these inputs; every row is of partition 2001-02-14. */
export class Bench {
  private readonly inputs: SqlInput[]
  private readonly connection: DuckDBConnection
  private constructor(connection: DuckDBConnection, inputs: SqlInput[]) {
    this.connection = connection
    this.inputs = inputs
  }

  static async open(inputs: Record<string, TestInput> = {}): Promise<Bench> {
    const connection = await duckdb()
    for (const [alias, { columns, rows }] of Object.entries(inputs)) {
      const list = Object.entries(columns).map(([name, type]) => `${quoted(name)} ${duckdbTypeOf(typeOfColumn(type))}`)
      await connection.run(`CREATE TABLE ${quoted(alias)} (${list.join(', ')}, _partition VARCHAR DEFAULT '2001-02-14')`)
      await connection.run(`INSERT INTO ${quoted(alias)} (${Object.keys(columns).map(quoted).join(', ')}) VALUES ${rows}`)
    }
    return new Bench(
      connection,
      Object.entries(inputs).map(([alias, { columns }]) => ({ alias, columns })),
    )
  }

  close(): void {
    this.connection.closeSync()
  }

  compile(sql: string, output?: Columns): CompiledSql {
    return compileSql(sql, this.inputs, output)
  }

  /** The rows, sorted by their text unless the statement orders them; the values in the form of the recorded examples. */
  async rows(sql: string, parameters?: Record<string, string>): Promise<unknown[][]> {
    const compiled = this.compile(sql)
    const error = compiled.findings.find(f => f.severity === 'error')
    if (error) throw new Error(`${error.line}:${error.column} ${error.message}; ${error.remedy}`)
    if (compiled.duckdb === undefined) throw new Error(`only Spark runs ${compiled.sparkOnly?.construct}`)
    const rows = await rowsOf(this.connection, compiled.duckdb, outputTypes(sql, this.inputs), parameters)
    return /\border\s+by\b/i.test(sql) ? rows : rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }

  /** The one value of a statement without FROM. */
  async value(expression: string): Promise<unknown> {
    return (await this.rows(`SELECT ${expression} AS v`))[0]![0]
  }

  /** The names and types of what DuckDB gives. */
  async describe(duckdb: string): Promise<[string, string][]> {
    const result = await this.connection.run(duckdb)
    return result.columnNames().map((name, i) => [name, String(result.columnType(i))])
  }

  /** What is wrong with a statement: `line:column message; remedy`. */
  errors(sql: string, output?: Columns): string[] {
    return this.compile(sql, output)
      .findings.filter(f => f.severity === 'error')
      .map(f => `${f.line}:${f.column} ${f.message}; ${f.remedy}`)
  }

  warnings(sql: string): string[] {
    return this.compile(sql)
      .findings.filter(f => f.severity === 'warning' && !/is not used$/.test(f.message))
      .map(f => `${f.line}:${f.column} ${f.message}`)
  }
}
