import { emptyTable } from '../compute/input-relation.ts'
import { checkedRow, RowTable } from '../compute/row-table.ts'
import type { Session } from '../compute/session.ts'
import { RedeyeError } from '../core/errors.ts'
import { type Mapping, neededBy } from '../core/mapping.ts'
import { endOf, isTimed, keyOf, ordinalAt, ordinalOf, type Partitioning, parsePartition, partitionTime } from '../core/partition.ts'
import { quoted } from '../sql/type.ts'
import type { Input } from '../task/input.ts'
import type { Task } from '../task/task.ts'
import { unnamedTimes } from './row.ts'

export type GivenRows = readonly object[] | Readonly<Record<string, readonly object[]>>

/** Puts given rows where a task's SQL finds its inputs: a table an alias, each row with its partition. */
export async function createInputTables(
  session: Session,
  task: Task,
  partition: string,
  given: Readonly<Record<string, GivenRows | undefined>>,
): Promise<void> {
  for (const alias of Object.keys(given)) {
    if (!(alias in task.inputs))
      throw new RedeyeError('BAD_ARGUMENT', `${task.name} has no input "${alias}"`, {
        remedy: `name one of ${Object.keys(task.inputs).join(', ')}`,
      })
  }
  for (const [alias, input] of Object.entries(task.inputs))
    await createInputTable(session, task, partition, alias, input, given[alias] ?? [])
}

async function createInputTable(
  session: Session,
  task: Task,
  partition: string,
  alias: string,
  input: Input,
  given: GivenRows,
): Promise<void> {
  const { dataset, mapping } = input
  const own = ownPartition(task, partition, input)
  const byPartition = Array.isArray(given) ? { [own ?? 'none']: given as object[] } : (given as Record<string, object[]>)
  const tables = Object.entries(byPartition).filter(([, rows]) => rows.length > 0)
  if (tables.length === 0) {
    await session.run(`CREATE OR REPLACE TEMP VIEW ${quoted(alias)} AS ${emptyTable(dataset.columns)}`)
    return
  }
  const table = new RowTable(session, alias, { ...dataset.columns, _partition: 'string' })
  const fitRow = checkedRow(dataset.columns)
  for (const [key, rows] of tables) {
    mustBeRead(task, partition, alias, dataset.name, dataset.partition, mapping, key)
    for (const [index, row] of rows.entries()) {
      const placed = inPartition(row as Record<string, unknown>, dataset.columns, dataset.partition, key)
      table.add({ ...fitRow(placed, `${alias}[${index}]`), _partition: key })
    }
  }
  await table.finish()
}

/** The partition that rows given without one belong to: the last that the output's partition reads. */
function ownPartition(task: Task, partition: string, { dataset, mapping }: Input): string | undefined {
  const output = task.output.partition
  const ordinal = parsePartition(output, partition, task.output.name)
  if (mapping.map !== 'latest') {
    const needed = neededBy(mapping, dataset.partition, output, ordinal)
    return needed.from > needed.to ? undefined : keyOf(dataset.partition, needed.to)
  }
  const { partition: input } = dataset
  if (!isTimed(input)) return keyOf(input, 0)
  // Any that may be the newest: the one in which the output's time ends.
  return keyOf(input, ordinalAt(input, isTimed(output) ? endOf(output, ordinal) - 1 : 0))
}

function mustBeRead(task: Task, partition: string, alias: string, name: string, input: Partitioning, mapping: Mapping, key: string): void {
  const ordinal = ordinalOf(input, key)
  if (ordinal !== undefined && mapping.map === 'latest') return
  const needed = neededBy(mapping, input, task.output.partition, parsePartition(task.output.partition, partition, task.output.name))
  if (ordinal !== undefined && ordinal >= needed.from && ordinal <= needed.to) return
  const read =
    needed.from > needed.to
      ? 'none'
      : needed.from === needed.to
        ? keyOf(input, needed.from)
        : `${keyOf(input, needed.from)} to ${keyOf(input, needed.to)}`
  throw new RedeyeError('BAD_ARGUMENT', `${task.name}@${partition} reads no ${name}@${key} as ${alias}: of it, it reads ${read}`, {
    remedy: 'give rows of partitions that the task’s mapping reads',
  })
}

/** Times that `row` filled in by itself lie at the partition's beginning. */
function inPartition(
  row: Record<string, unknown>,
  columns: Readonly<Record<string, unknown>>,
  partitioning: Partitioning,
  key: string,
): Record<string, unknown> {
  const unnamed = (row as { [unnamedTimes]?: string[] })[unnamedTimes]
  const time = unnamed?.length ? partitionTime(partitioning, key) : undefined
  if (!unnamed || !time) return row
  const iso = new Date(time.start).toISOString().replace('.000Z', 'Z')
  // A day is named by its date, whatever the hour in UTC at which it begins in its zone.
  const date = partitioning.grain === 'daily' ? key : iso.slice(0, 10)
  return { ...row, ...Object.fromEntries(unnamed.map(name => [name, columns[name] === 'date' ? date : iso])) }
}
