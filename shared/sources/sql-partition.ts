import { RedeyeError } from '../core/errors.ts'
import { localDates, type ReadPartition, timesOf } from './partition-text.ts'
import type { Sample } from './sql-database.ts'
import type { SqlValue } from './sql-driver.ts'
import { rawOf } from './text-json.ts'

/**
 * How a column holds time: a `date` of the partition's zone, a `timestamp` (`2001-02-14 05:00:00`) or `iso` text
 * (`2001-02-14T05:00:00Z`) in UTC, a number since 1970 in UTC. `key` is no time but a partition's key itself.
 */
export type TimeForm = 'date' | 'timestamp' | 'iso' | 'epochSeconds' | 'epochMs' | 'key'

/** How a table says which of its rows are of a partition. */
export interface PartitionChoice {
  /**
   * The column that says which partition a row belongs to; without it the whole table is read. A dated output reads the rows
   * whose value lies in its time, a keyed one those whose value is its key.
   */
  partitionColumn?: string
  /**
   * Instead of `partitionColumn`: the column that says when a row last changed. Reads what changed in the partition's time,
   * in order of the change.
   */
  watermark?: string
  /** How that column holds time: a `date` for partitionColumn, a `timestamp` for watermark, unless given. */
  holds?: TimeForm
}

function formOf(choice: PartitionChoice, partition: ReadPartition): TimeForm {
  return choice.holds ?? (choice.watermark !== undefined ? 'timestamp' : partition.start === undefined ? 'key' : 'date')
}

const forms: Record<Exclude<TimeForm, 'key'>, (value: unknown) => boolean> = {
  date: value => /^\d{4}-\d{2}-\d{2}/.test(String(value)),
  timestamp: value => /^\d{4}-\d{2}-\d{2} \d/.test(String(value)),
  iso: value => /^\d{4}-\d{2}-\d{2}T\d/.test(String(value)),
  epochSeconds: value => typeof value === 'number',
  epochMs: value => typeof value === 'number',
}

/** A look at one value, since a database compares 981435600 with "2001-02-06" without a word and finds nothing. */
export function sampleOf(choice: PartitionChoice, what: string, partition: ReadPartition): Sample | undefined {
  const column = choice.partitionColumn ?? choice.watermark
  const holds = formOf(choice, partition)
  if (column === undefined || holds === 'key') return undefined
  return {
    column,
    fault: value => {
      if (forms[holds](value)) return undefined
      const looks = (Object.keys(forms) as (keyof typeof forms)[]).filter(form => form !== 'date' && forms[form](value))
      const hint = looks.length > 0 ? looks : forms.date(value) ? ['date'] : []
      return {
        problem: `column "${column}" of ${what} holds ${rawOf(value)}, which is no ${holds}`,
        remedy:
          hint.length > 0
            ? `say holds: ${hint.map(form => `'${form}'`).join(' or ')}`
            : 'name a column that holds time in one of the forms of `holds`',
      }
    },
  }
}

/** The condition on a partition's rows, with its values bound; empty for a whole table. */
export function partitionCondition(
  choice: PartitionChoice,
  partition: ReadPartition,
  quote: (identifier: string) => string,
  bind: (value: SqlValue) => string,
): string {
  const column = choice.partitionColumn ?? choice.watermark
  if (column === undefined) return ''
  const named = choice.watermark === undefined ? 'partitionColumn' : 'watermark'
  if (partition.start === undefined && partition.key === 'all')
    throw new RedeyeError('BAD_SOURCE', `${named} "${column}" cannot choose rows for an unpartitioned output`, {
      remedy: `leave ${named} out to read the whole table, or partition the output`,
    })
  const holds = formOf(choice, partition)
  if (holds === 'key') return `${quote(column)} = ${bind(partition.key)}`
  const { from, to } = bounds(holds, partition, `${named} "${column}"`)
  return `${quote(column)} >= ${bind(from)} and ${quote(column)} < ${bind(to)}`
}

function bounds(holds: Exclude<TimeForm, 'key'>, partition: ReadPartition, needs: string): { from: SqlValue; to: SqlValue } {
  const { start, end } = timesOf(partition, needs)
  switch (holds) {
    case 'date': {
      const { before, first, last, after } = localDates(partition, needs)
      if (before === first || last === after)
        throw new RedeyeError(
          'BAD_SOURCE',
          `${needs} holds dates, which cannot tell apart what is of a part of a day like "${partition.key}"`,
          {
            remedy: 'say holds: "timestamp" and name a column with the time of day',
          },
        )
      return { from: first, to: after }
    }
    case 'timestamp':
      return { from: utcText(start).replace('T', ' '), to: utcText(end).replace('T', ' ') }
    case 'iso':
      return { from: utcText(start), to: utcText(end) }
    case 'epochSeconds':
      return { from: Date.parse(start) / 1000, to: Date.parse(end) / 1000 }
    case 'epochMs':
      return { from: Date.parse(start), to: Date.parse(end) }
  }
}

/** `2001-02-14T05:00:00`: without fraction and Z, so that as text it lies before every longer text of the same second. */
function utcText(iso: string): string {
  return new Date(Date.parse(iso)).toISOString().slice(0, 19)
}
