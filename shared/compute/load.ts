import { RedeyeError } from '../core/errors.ts'
import { fitter } from '../core/fit.ts'
import { schemaText } from '../core/schema.ts'
import { Unfinished } from '../ports/compute.ts'
import type { Receipt } from '../ports/target.ts'
import { quoted } from '../sql/type.ts'
import type { LoadWork, Task } from '../task/task.ts'
import { readDelivered, saveDelivered } from './checkpoint.ts'
import { openVersions, selectVersions } from './input-relation.ts'
import { writeParts } from './part-files.ts'
import { rowsOf } from './row-stream.ts'
import { RowTable } from './row-table.ts'
import type { Session } from './session.ts'
import type { Produced, Work } from './work.ts'

const TABLE = 'redeye_receipts'

/** The input that a load delivers: its one that triggers. */
export function deliveredAlias(task: Task): string {
  const [alias, ...others] = Object.keys(task.inputs).filter(name => task.inputs[name]!.mapping.map !== 'latest')
  if (alias === undefined || others.length > 0)
    throw new RedeyeError('BAD_TASK', `${task.name} has ${alias === undefined ? 'no input' : 'several inputs'} to deliver`, {
      remedy: 'give a load one input that is not `latest`',
      file: task.declared.file,
    })
  return alias
}

/** Runs a load: streams its input's rows to the target and keeps the receipts. */
export async function runLoad(work: Work): Promise<Produced> {
  const { task, attempt, world, session } = work
  const { target, map, columns: mapped } = task.work as LoadWork
  const alias = deliveredAlias(task)
  const { dataset } = task.inputs[alias]!
  const pinned = attempt.inputs[alias] ?? []
  const versions = await openVersions(world.lake, { ...dataset, versions: pinned })
  const asDeclared = !map && !mapped && versions.every(version => version.manifest.schema === schemaText(dataset.columns))
  const receipts: Receipt[] = []
  // A target that has said how far it is can go on there; what it has accepted it answers again.
  let saved = false
  const delivery = {
    task: task.name,
    dataset: dataset.name,
    partition: attempt.partition,
    version: Math.max(0, ...pinned.map(one => one.version)),
    generation: attempt.generation,
    attempt: attempt.attempt,
    columns: mapped ?? dataset.columns,
    key: dataset.key,
    rows: deliveredRows(task, session, `(${selectVersions(dataset.name, dataset.columns, versions)})`),
    files: asDeclared ? async () => versions.flatMap(version => version.paths) : undefined,
    position: await readDelivered(world.lake, attempt),
    save: async (position: Parameters<typeof saveDelivered>[2]) => {
      await saveDelivered(world.lake, attempt, position)
      saved = true
    },
    signal: attempt.signal,
    world: world.source,
  }
  for await (const receipt of target.deliver(delivery)) {
    receipts.push(receipt)
    if (saved && attempt.yields?.()) throw new Unfinished()
  }
  return { parts: await writeReceipts(work, receipts) }
}

/** A relation's rows as the target gets them: mapped, and fitted to the columns that the map promises. */
export async function* deliveredRows(task: Task, session: Session, relation: string): AsyncIterable<Record<string, unknown>[]> {
  const { map, columns: mapped } = task.work as LoadWork
  const { dataset } = task.inputs[deliveredAlias(task)]!
  const fitRecord = fitter(mapped ?? dataset.columns)
  for await (const rows of rowsOf(session, relation, dataset.columns)) {
    if (!map) yield rows
    else yield rows.flatMap(row => mappedRow(task, map, fitRecord, row))
  }
}

function mappedRow(
  task: Task,
  map: NonNullable<LoadWork['map']>,
  fitRecord: ReturnType<typeof fitter>,
  row: Record<string, unknown>,
): Record<string, unknown>[] {
  const made = map(row)
  if (made === null) return []
  const fitted = fitRecord(made)
  if ('row' in fitted) return [fitted.row]
  throw new RedeyeError('BAD_ROW', `${task.name}: the map made a row that does not fit: ${fitted.reason}`, {
    remedy: 'mend the map, or the columns it promises',
    file: task.declared.file,
  })
}

async function writeReceipts(work: Work, receipts: Receipt[]): Promise<Produced['parts']> {
  const { task, attempt, world, session } = work
  const table = new RowTable(session, TABLE, task.output.columns)
  for (const receipt of receipts) table.add({ ...receipt })
  await table.finish()
  return writeParts(session, world.lake, attempt.folder, { relation: quoted(TABLE), columns: task.output.columns })
}
