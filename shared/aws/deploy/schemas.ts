import { relative } from 'node:path'
import type { Place } from '../../core/errors.ts'
import { type Columns, type ColumnType, schemaText } from '../../core/schema.ts'
import { swap } from '../../engine/swap.ts'
import type { World } from '../../engine/world.ts'
import type { Key, Ledger } from '../../ports/ledger.ts'
import { compileSql } from '../../sql/compile.ts'
import type { Dataset } from '../../task/dataset.ts'
import { near } from '../../task/near.ts'
import type { Service } from '../../task/project.ts'

/** The columns of a dataset, as whoever makes it was deployed with; and those a task reads, with where. */
export interface DatasetSchemaDoc {
  v: 1
  dataset: string
  columns: Columns
}
export interface ReadsDoc {
  v: 1
  task: string
  reads: Record<string, Record<string, ColumnUse>>
}
/** A column as a reader takes it: its type, and where in the reader's project it is named, `file:line:column`. */
export interface ColumnUse {
  type: ColumnType
  at: string
}

const SCHEMA = 'schema'
export const datasetSchemaKey = (dataset: string): Key => ({ pk: SCHEMA, sk: `dataset/${dataset}` })
export const readsKey = (task: string): Key => ({ pk: SCHEMA, sk: `task/${task}` })

/** What is registered in a stage; nothing but deployments reads it, so contracts stay small. */
export async function registeredSchemas(ledger: Pick<Ledger, 'query'>): Promise<{ datasets: Map<string, Columns>; reads: ReadsDoc[] }> {
  const docs = (await ledger.query<DatasetSchemaDoc | ReadsDoc>(SCHEMA)).map(s => s.doc)
  return {
    datasets: new Map(docs.flatMap(doc => ('dataset' in doc ? [[doc.dataset, doc.columns] as const] : []))),
    reads: docs.filter((doc): doc is ReadsDoc => 'reads' in doc),
  }
}

export async function registerSchemas(world: Pick<World, 'ledger'>, docs: readonly (DatasetSchemaDoc | ReadsDoc)[]): Promise<void> {
  for (const doc of docs) await swap<object>(world, 'dataset' in doc ? datasetSchemaKey(doc.dataset) : readsKey(doc.task), () => doc)
}

export const datasetSchema = ({ name, columns }: Dataset): DatasetSchemaDoc => ({ v: 1, dataset: name, columns })

/** Which columns of its inputs a service uses, and where. */
export function readsOf(root: string, service: Service): ReadsDoc {
  const { task } = service
  const reads: ReadsDoc['reads'] = {}
  const use = (dataset: Dataset, column: string, at: string) => {
    const type = dataset.columns[column]
    if (type !== undefined) (reads[dataset.name] ??= {})[column] ??= { type, at }
  }
  const declared = (of: Place) => `${relative(root, of.file!)}:${of.line}:${of.column}`
  for (const [alias, { dataset, declared: at }] of Object.entries(task.inputs)) {
    reads[dataset.name] ??= {}
    // A load delivers every column, and what its map looks at only running it could tell.
    if (task.work.work === 'load') for (const column of Object.keys(dataset.columns)) use(dataset, column, declared(at))
    if (service.sql)
      for (const [column, place] of usedBySql(service, alias)) use(dataset, column, `${relative(root, service.sql.file)}:${place}`)
  }
  for (const check of task.checks) {
    if (check.check !== 'matches') continue
    const input = Object.values(task.inputs).find(i => i.dataset.name === check.dataset)
    if (input) use(input.dataset, check.datasetColumn, declared(near(task.declared, ['matches', check.datasetColumn])))
  }
  return { v: 1, task: task.name, reads }
}

/** A column is used where the statement is wrong without it; that is also the place. */
function* usedBySql({ task, sql }: Service, alias: string): Generator<[column: string, place: string]> {
  const inputs = Object.entries(task.inputs).map(([name, input]) => ({ alias: name, columns: input.dataset.columns }))
  for (const column of Object.keys(task.inputs[alias]!.dataset.columns)) {
    const without = inputs.map(input => (input.alias === alias ? { ...input, columns: leftOut(input.columns, column) } : input))
    const wrong = compileSql(sql!.text, without, task.output.columns).findings.find(f => f.severity === 'error')
    if (wrong) yield [column, `${wrong.line}:${wrong.column}`]
  }
}

const leftOut = (columns: Columns, column: string): Columns =>
  Object.fromEntries(Object.entries(columns).filter(([name]) => name !== column))

/** What readers would lose: columns of a dataset that are gone or have another type, with whoever uses them. */
export function lostColumns(
  dataset: string,
  columns: Columns,
  reads: readonly ReadsDoc[],
): { task: string; column: string; use: ColumnUse; now: ColumnType | undefined }[] {
  return reads.flatMap(({ task, reads: of }) =>
    Object.entries(of[dataset] ?? {}).flatMap(([column, use]) => {
      const now = columns[column]
      return now !== undefined && sameType(now, use.type) ? [] : [{ task, column, use, now }]
    }),
  )
}

const sameType = (a: ColumnType, b: ColumnType) => schemaText({ a }) === schemaText({ a: b })
