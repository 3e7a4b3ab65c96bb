import { nearest, RedeyeError } from '../core/errors.ts'
import { dateOfDay, dayOf } from '../core/zone.ts'
import type { ReadRequest } from '../ports/source.ts'

/** The partition a source reads. */
export type ReadPartition = ReadRequest['partition']

const placeholders = ['partition', 'start', 'end', 'date', 'endDate'] as const
type Placeholder = (typeof placeholders)[number]
const placeholder = /\{(\w+)\}/g

/** What is wrong with the placeholders of a text, in a line each; `also` are those that the caller fills by itself. */
export function placeholderFaults(text: string, option: string, also: readonly string[] = []): string[] {
  const accepted = [...placeholders, ...also]
  return [...text.matchAll(placeholder)]
    .filter(m => !accepted.includes(m[1]!))
    .map(m => {
      const guess = nearest(m[1]!, accepted)
      const hint = guess === undefined ? `there are ${accepted.map(p => `{${p}}`).join(', ')}` : `did you mean {${guess}}?`
      return `${option} holds {${m[1]}}, which is nothing of a partition; ${hint}`
    })
}

/**
 * Fills a text with what it names of the partition: `{partition}` its key, `{start}` and `{end}` its instants in UTC,
 * `{date}` and `{endDate}` the dates of these in its zone. Throws BAD_SOURCE where the output has no time.
 */
export function fillPartition(text: string, partition: ReadPartition, encode: (value: string) => string = String): string {
  return text.replace(placeholder, (whole, name: string) =>
    (placeholders as readonly string[]).includes(name) ? encode(partitionText(name as Placeholder, partition)) : whole,
  )
}

function partitionText(name: Placeholder, partition: ReadPartition): string {
  switch (name) {
    case 'partition':
      return partition.key
    case 'start':
      return timesOf(partition, '{start}').start
    case 'end':
      return timesOf(partition, '{end}').end
    case 'date':
      return localDates(partition, '{date}').first
    case 'endDate':
      return localDates(partition, '{endDate}').after
  }
}

/** When the partition begins and ends, in ISO; throws BAD_SOURCE, naming what needs it, for keyed and unpartitioned outputs. */
export function timesOf(partition: ReadPartition, needs: string): { start: string; end: string; timezone: string } {
  const { start, end, timezone } = partition
  if (start === undefined || end === undefined)
    throw new RedeyeError('BAD_SOURCE', `${needs} needs a dated output, and partition "${partition.key}" has no time`, {
      remedy: 'name {partition} instead, or partition the output by time',
    })
  return { start, end, timezone: timezone ?? 'UTC' }
}

/** The partition's first and last date in its zone, and the dates just before and after it: the same ones where it begins or ends inside a day. */
export function localDates(partition: ReadPartition, needs: string): { before: string; first: string; last: string; after: string } {
  const { start, end, timezone } = timesOf(partition, needs)
  const dateAt = (ms: number) => dateOfDay(dayOf(timezone, ms))
  const [from, to] = [Date.parse(start), Date.parse(end)]
  return { before: dateAt(from - 1), first: dateAt(from), last: dateAt(to - 1), after: dateAt(to) }
}
