import { RedeyeError } from '../core/errors.ts'
import { fitter } from '../core/fit.ts'
import type { Columns, Json } from '../core/schema.ts'
import { Unfinished } from '../ports/compute.ts'
import type { Batch } from '../ports/source.ts'
import { quoted } from '../sql/type.ts'
import type { IngestWork, Task } from '../task/task.ts'
import { type Checkpoint, readCheckpoint, saveCheckpoint } from './checkpoint.ts'
import { isRedeyeError, messageOf } from './failure.ts'
import { schemaHash } from './manifest-file.ts'
import { partitionTimes } from './parameter.ts'
import { addParts, noParts, type Parts, writeParts } from './part-files.ts'
import { Quarantine } from './quarantine.ts'
import { RowTable } from './row-table.ts'
import type { Produced, Work } from './work.ts'

// A part of this many rows is some tens of megabytes of ordinary columns, a size that readers like.
const PART_ROWS = 500_000
// What is lost when the process dies is at most this much pulling; more often would make many small files.
const CHECKPOINT_MS = 10_000
const TABLE = 'redeye_ingested'

/** Takes a source's batches into a table: maps, fits, and quarantines what does not fit. */
export function taker(task: Task, table: RowTable, quarantine: Pick<Quarantine, 'add'>): (batch: Batch) => number {
  const { map } = task.work as IngestWork
  const fitRecord = fitter(task.output.columns as Columns)
  let seen = 0
  const refuse = (record: unknown, reason: string) => quarantine.add({ reason, where: `record ${seen}`, raw: rawText(record) })
  return batch => {
    for (const record of batch.records) {
      seen++
      try {
        const mapped = map ? map(record) : record
        if (mapped === null) continue
        const fitted = fitRecord(mapped)
        if ('row' in fitted) table.add(fitted.row)
        else refuse(record, fitted.reason)
      } catch (cause) {
        refuse(record, `map failed: ${messageOf(cause)}`)
      }
    }
    for (const rejected of batch.rejected ?? []) quarantine.add(rejected)
    return batch.records.length + (batch.rejected?.length ?? 0)
  }
}

function rawText(record: unknown): string {
  return JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? String(value) : value)) ?? String(record)
}

/** Fails with BAD_ROW when more than the allowed share was refused. */
export function refuseTooMany(
  task: Task,
  partition: string,
  quarantine: Pick<Quarantine, 'rows' | 'reasons'>,
  records: number,
  key: string,
): void {
  const { maxRejected } = task.work as IngestWork
  if (quarantine.rows <= records * maxRejected) return
  throw new RedeyeError(
    'BAD_ROW',
    `${task.name}@${partition}: ${quarantine.rows} of ${records} records do not fit ${task.output.name}, more than the share of ${maxRejected}: ${quarantine.reasons.join('; ')}`,
    {
      remedy: `see ${key} for each with its reason; then mend the source, the map or the columns, or raise maxRejected`,
      file: task.declared.file,
    },
  )
}

/** Runs an ingest: the source's partition, as files, from where an earlier attempt of the generation stopped. */
export async function runIngest(work: Work): Promise<Produced> {
  const { task, attempt, world, session } = work
  const ingestion = new Ingestion(work, await readCheckpoint(world.lake, attempt, schemaHash(task.output.columns)))
  try {
    await ingestion.read()
    return await ingestion.finish()
  } catch (cause) {
    // What has come before a source fell silent need not come again.
    if (isRedeyeError(cause) && cause.failure === 'transient' && !session.signal?.aborted) await ingestion.keep().catch(() => undefined)
    throw cause
  } finally {
    await ingestion.close()
  }
}

class Ingestion {
  private readonly work: Work
  private readonly table: RowTable
  private readonly quarantine: Quarantine
  private readonly partRows: number
  private readonly checkpointMs: number
  private parts: Parts
  private records: number
  private position: Json | undefined
  private kept: Json | undefined
  private keptAt = performance.now()
  /** Files in this attempt's own folder: those of an invocation before this one too. */
  private written: number

  constructor(work: Work, checkpoint: Checkpoint | undefined) {
    const { task, attempt, world, session } = work
    this.work = work
    this.partRows = world.partRows ?? PART_ROWS
    this.checkpointMs = world.checkpointMs ?? CHECKPOINT_MS
    this.table = new RowTable(session, TABLE, task.output.columns)
    this.parts = checkpoint?.parts ?? noParts(task.output.columns)
    this.records = checkpoint?.records ?? 0
    this.written = this.parts.files.filter(file => file.key.startsWith(`${attempt.folder}/`)).length
    this.position = this.kept = checkpoint?.position
    const earlier = checkpoint && { rows: checkpoint.rejected, segments: checkpoint.quarantine }
    this.quarantine = new Quarantine(world.lake, attempt.folder, earlier)
    if (checkpoint)
      attempt.log(`goes on after ${checkpoint.parts.rows} rows of attempt ${checkpoint.attempt}`, { rows: checkpoint.parts.rows })
  }

  async read(): Promise<void> {
    const { task, attempt, world, session } = this.work
    const { source } = task.work as IngestWork
    const take = taker(task, this.table, this.quarantine)
    const partition = partitionTimes(task.output.partition, attempt.partition)
    const request = { partition, columns: task.output.columns, position: this.position, signal: attempt.signal, world: world.source }
    for await (const batch of source.read(request)) {
      this.records += take(batch)
      this.position = batch.position
      await session.guarded(() => Promise.all([this.table.flushFull(), this.quarantine.flushFull()]))
      const due = this.position !== undefined && performance.now() - this.keptAt >= this.checkpointMs
      const yields = this.position !== undefined && attempt.yields?.() === true
      if (due || yields || this.table.rows >= this.partRows) await this.keep()
      if (yields) throw new Unfinished()
    }
    attempt.signal.throwIfAborted()
  }

  /** Makes a file of the rows at hand and, where the source can go on from here, a checkpoint. */
  async keep(): Promise<void> {
    await this.writePart()
    this.keptAt = performance.now()
    if (this.position === undefined || this.position === this.kept) return
    const { task, attempt, world } = this.work
    await saveCheckpoint(world.lake, attempt, {
      format: 1,
      attempt: attempt.attempt,
      schemaHash: schemaHash(task.output.columns),
      position: this.position,
      parts: this.parts,
      records: this.records,
      rejected: this.quarantine.rows,
      quarantine: await this.quarantine.segment(),
    })
    this.kept = this.position
    attempt.log(`${this.parts.rows} rows so far`, { rows: this.parts.rows })
  }

  async finish(): Promise<Produced> {
    const { task, attempt } = this.work
    await this.writePart()
    const quarantine = await this.quarantine.finish()
    if (quarantine) refuseTooMany(task, attempt.partition, this.quarantine, this.records, quarantine.key)
    return { parts: this.parts, quarantine }
  }

  async close(): Promise<void> {
    await this.quarantine.close()
  }

  private async writePart(): Promise<void> {
    if (this.table.rows === 0) return
    const { task, attempt, world, session } = this.work
    const { columns } = task.output
    await this.table.finish()
    const what = { relation: quoted(TABLE), columns, first: this.written }
    const parts = await writeParts(session, world.lake, attempt.folder, what)
    this.written += parts.files.length
    this.parts = addParts(columns, this.parts, parts)
    this.table.clear()
  }
}
