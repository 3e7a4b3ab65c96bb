import { readFileSync } from 'node:fs'
import { queryLake } from '../shared/compute/lake-query.ts'
import { RedeyeError } from '../shared/core/errors.ts'
import { loadProject } from '../shared/task/project.ts'
import { exits } from './exits.ts'
import { openState, versionsOf } from './open-state.ts'
import { cell, isNumeric, paint, say, table, toJson } from './output.ts'

export interface QueryOptions {
  limit: number
  file?: string
  state?: string
  json?: boolean
}

/** Answers SQL over the current versions of the lake's datasets, each a table of its name with `_partition` beside its columns. */
export async function query(root: string, sql: string | undefined, options: QueryOptions): Promise<number> {
  const text = statementOf(sql, options.file)
  const project = await loadProject(root)
  const state = openState(root, options.state)
  try {
    const datasets = await Promise.all(
      project.datasets.map(async ({ name, columns }) => ({
        name,
        columns,
        versions: (await versionsOf(state.ledger, name)).map(v => v.pinned),
      })),
    )
    const answer = await queryLake(state.lake, text, datasets, { limit: options.limit, file: options.file ?? 'the query' })
    if (options.json) say(toJson(answer.rows, 2))
    else {
      const columns = answer.columns.map(({ name, type }) => ({
        title: name,
        ...(isNumeric(type.toLowerCase()) && { align: 'right' as const }),
      }))
      const rows = answer.rows.map(row => answer.columns.map(({ name }) => cell(row[name])))
      for (const line of table(columns, rows)) say(line)
    }
    if (answer.cut) process.stderr.write(`${paint('dim', `only the first ${options.limit} rows: --limit takes more`)}\n`)
    return exits.ok
  } finally {
    state.close()
  }
}

function statementOf(sql: string | undefined, file: string | undefined): string {
  if ((sql === undefined) === (file === undefined))
    throw new RedeyeError('BAD_ARGUMENT', sql === undefined ? 'no statement was given' : 'a statement and a file were given', {
      remedy: 'write redeye query "select …", or redeye query --file report.sql',
    })
  if (file === undefined) return sql!
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (cause) {
    throw new RedeyeError('BAD_ARGUMENT', `${file} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, {
      remedy: 'name a .sql file, or - for the input',
      cause,
    })
  }
}
