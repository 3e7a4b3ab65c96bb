import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { type CompiledSql, compileSql, outputTypes } from '../../shared/sql/compile.ts'
import { functions } from '../../shared/sql/functions.ts'
import { typeText } from '../../shared/sql/type.ts'
import { duckdb, rowsOf } from './duckdb.ts'
import { sameRows } from './spark-value.ts'

/** An example of Spark's function documentation, with what Spark 3.5.6 answered: types and rows, or an error. */
interface Example {
  function: string
  sql: string
  types?: string[]
  rows?: unknown[][]
  error?: string
}

// The table must stand for at least so many of them; what it does not have runs on Spark.
const SHARE = 0.6

// Hundreds of statements, each planned anew: seconds, and more where cores are shared.
const PATIENCE_MS = 120_000

// The examples are Spark's and stand beside the project, not in it; where they are not at hand only the gate insists on them.
const file = resolve(import.meta.dirname, '../../../shared/data/spark-examples.jsonl')
const atHand = process.env.CI !== undefined || existsSync(file)
const proof = atHand ? test : test.skip
const examples: Example[] = (atHand ? readFileSync(file, 'utf8') : '')
  .split('\n')
  .filter(line => line !== '')
  .map(line => JSON.parse(line))

let connection: DuckDBConnection
beforeAll(async () => {
  connection = await duckdb()
})
afterAll(() => connection.closeSync())

/** `right`, `spark` where the table refuses, or what is wrong. */
async function outcome(example: Example): Promise<string> {
  const compiled = compileSql(example.sql, [], undefined)
  const error = compiled.findings.find(f => f.severity === 'error')
  if (error) return example.error ? 'right' : `refused: ${error.message}`
  if (compiled.duckdb === undefined) return 'spark'
  return example.error ? failing(compiled, example) : answered(compiled, example)
}

async function failing(compiled: CompiledSql, example: Example): Promise<string> {
  const rows = await rowsOf(connection, compiled.duckdb!, outputTypes(example.sql)).catch(() => undefined)
  return rows ? `gives ${JSON.stringify(rows)} where Spark fails with ${example.error}` : 'right'
}

async function answered(compiled: CompiledSql, example: Example): Promise<string> {
  const types = outputTypes(example.sql)
  const given = types.map(typeText).join(', ')
  if (given !== example.types!.join(', ')) return `has the types ${given}, in Spark ${example.types!.join(', ')}`
  const rows = await rowsOf(connection, compiled.duckdb!, types)
  return sameRows(rows, example.rows!, types) ? 'right' : `gives ${JSON.stringify(rows)}, in Spark ${JSON.stringify(example.rows)}`
}

proof(
  'what the table allows gives the rows and types that Spark gives',
  async () => {
    const wrong: string[] = []
    let right = 0
    for (const example of examples) {
      const found = await outcome(example).catch((error: Error) => `fails: ${error.message}`)
      if (found === 'right') right++
      else if (found !== 'spark') wrong.push(`${example.sql} ${found}`)
    }
    expect(wrong).toEqual([])
    expect(right / examples.length).toBeGreaterThanOrEqual(SHARE)
  },
  PATIENCE_MS,
)

proof('what the table does not have is refused by its name and place', () => {
  expect(compileSql("SELECT\n  soundex('Miller')", [], undefined)).toMatchObject({
    findings: [],
    duckdb: undefined,
    sparkOnly: { construct: 'soundex()', line: 2, column: 3 },
  })
})

proof('every function of the table is proved by an example, or by a test of its own', () => {
  const byExample = new Set(
    examples.flatMap(example => [...example.sql.matchAll(/([a-z_0-9]+)\s*\(/gi)].map(match => match[1]!.toLowerCase())),
  )
  const byTest = ['functions', 'queries'].map(name => readFileSync(resolve(import.meta.dirname, `${name}.test.ts`), 'utf8')).join('\n')
  const unproved = Object.keys(functions).filter(name => !byExample.has(name) && !new RegExp(`\\b${name}\\(`, 'i').test(byTest))
  expect(unproved).toEqual([])
})
