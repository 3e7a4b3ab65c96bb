import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { RedeyeError } from '../core/errors.ts'
import type { Columns } from '../core/schema.ts'
import { quoted } from '../sql/type.ts'
import type { Task, TransformWork } from '../task/task.ts'
import { toDeclared } from './column-type.ts'
import { withRelations } from './input-relation.ts'
import { parameterValues, partitionTimes } from './parameter.ts'
import { writeParts } from './part-files.ts'
import type { Session, Values } from './session.ts'
import type { Produced, TranslatedSql, Work } from './work.ts'

/** A transform made ready: its statement, translated once, and how each column comes to its declared type. */
export interface Statement {
  translated: TranslatedSql
  /** The select list around the statement; worked out at its first run. */
  selected?: string
}

export function sqlFileOf(task: Task): string {
  return join(dirname(task.declared.file), (task.work as TransformWork).sqlFile)
}

/** A statement that uses what only Spark can run. */
export class SparkOnly extends RedeyeError {}

/** Reads and translates a transform's SQL; rejects with BAD_SQL naming file, line and column, or with SparkOnly saying what only Spark can run. */
export async function translate(task: Task): Promise<TranslatedSql> {
  const file = sqlFileOf(task)
  const sql = await readFile(file, 'utf8').catch(cause => {
    throw new RedeyeError('BAD_SQL', `${task.name}: there is no ${file}`, {
      remedy: 'write the SQL there, or mend `sql` in task.ts',
      cause,
    })
  })
  const inputs = Object.entries(task.inputs).map(([alias, input]) => ({ alias, columns: input.dataset.columns }))
  return translateSql(sql, inputs, task.output.columns, file)
}

/** Translates one statement; without output columns any will do. */
export async function translateSql(
  sql: string,
  inputs: { alias: string; columns: Columns }[],
  output: Columns | undefined,
  file: string,
  options: { parameters?: boolean } = {},
): Promise<TranslatedSql> {
  // Where SQL was translated when the service was built, there is no parser.
  const { compileSql } = await import('../sql/compile.ts')
  const compiled = compileSql(sql, inputs, output, options)
  const wrong = compiled.findings.find(finding => finding.severity === 'error')
  if (wrong) throw new RedeyeError('BAD_SQL', wrong.message, { remedy: wrong.remedy, file, line: wrong.line, column: wrong.column })
  if (compiled.duckdb === undefined) {
    const { construct, line, column } = compiled.sparkOnly ?? { construct: 'this statement', line: 1, column: 1 }
    throw new SparkOnly('BAD_SQL', `only Spark can run ${construct}`, {
      remedy: 'write it without: only a transform’s own statement may be Spark’s, and where task.ts does not say engine: duckdb',
      file,
      line,
      column,
    })
  }
  return { duckdb: compiled.duckdb, parameters: compiled.parameters }
}

/** Runs a transform: its statement over the pinned versions, into files. */
export async function runTransform(work: Work, statement: Statement): Promise<Produced> {
  const { task, attempt, session, world } = work
  const relations = await work.relationsOf(Object.keys(task.inputs))
  const values = parameterValues(session.duckdb, partitionTimes(task.output.partition, attempt.partition), statement.translated.parameters)
  const relation = await outputRelation(session, statement, values, task.output.columns, relations)
  const parts = await writeParts(session, world.lake, attempt.folder, { relation, columns: task.output.columns, values })
  return { parts }
}

/** The statement over these inputs as a relation with exactly the declared columns and types. */
export async function outputRelation(
  session: Session,
  statement: Statement,
  values: Values,
  columns: Columns,
  inputs: Readonly<Record<string, string>>,
): Promise<string> {
  const { duckdb } = statement.translated
  await session.prepareFor(duckdb)
  if (statement.selected === undefined) {
    const probe = await session.run(withRelations(inputs, `SELECT * FROM (${duckdb}) LIMIT 0`), values)
    const found = new Map(probe.columnNames().map((name, i) => [name.toLowerCase(), String(probe.columnType(i))]))
    statement.selected = Object.entries(columns)
      .map(([name, type]) => toDeclared(name, type, foundType(found, name)))
      .join(', ')
  }
  return `(${withRelations(inputs, `SELECT ${statement.selected} FROM (${duckdb})`)})`
}

function foundType(found: Map<string, string>, name: string): string {
  const type = found.get(name.toLowerCase())
  if (type === undefined)
    throw new RedeyeError('BAD_SQL', `the statement gives no column ${quoted(name)}, which the output declares`, {
      remedy: `select it, as ${name}`,
    })
  return type
}
