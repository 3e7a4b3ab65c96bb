import { DAY_MS, dayOfDate, HOUR_MS, startOfDay } from '../core/zone.ts'
import { localDates, type ReadPartition } from './partition-text.ts'

/*
 * A pattern of file names: `*` and `?` within a folder, `**` across folders, `{partition}`, and parts of the time the file is
 * of: `{yyyy}`, `{mm}`, `{dd}`, `{hh}`, and `{date}` for `{yyyy}-{mm}-{dd}`.
 */
const timeParts = { yyyy: '\\d{4}', mm: '\\d{2}', dd: '\\d{2}', hh: '\\d{2}' } as const
type TimePart = keyof typeof timeParts

/** The names a pattern's time is made of, for checking placeholders. */
export const filePlaceholders = ['partition', 'date', ...Object.keys(timeParts)]

/** What is wrong with a pattern, in a line each. */
export function filePatternFaults(pattern: string): string[] {
  const used = new Set([...expand(pattern).matchAll(/\{(\w+)\}/g)].map(m => m[1]!))
  if (pattern.trim() === '') return ['files is empty; `**` takes every file']
  const faults: string[] = []
  if (pattern.startsWith('/') || pattern.split('/').includes('..'))
    faults.push('files lie below the folder of the setting: no leading / and no ..')
  for (const [finer, coarser] of [
    ['hh', 'dd'],
    ['dd', 'mm'],
    ['mm', 'yyyy'],
  ] as const)
    if (used.has(finer) && !used.has(coarser)) faults.push(`files names {${finer}} without {${coarser}}`)
  return faults
}

/** The files of one partition. */
export interface FileMatcher {
  /** What every such name begins with; a store lists only below it. */
  prefix: string
  /** Whether a file is of the partition: its name fits, and the time in it overlaps the partition's. */
  matches(name: string): boolean
  /** Whether a file may hold records of other partitions too, its own time being longer or absent. */
  isWider(name: string): boolean
}

/** Makes the matcher of a pattern for a partition; throws BAD_SOURCE when the pattern needs time and the output has none. */
export function fileMatcher(pattern: string, partition: ReadPartition): FileMatcher {
  const filled = fillKey(expand(pattern), partition)
  const regex = new RegExp(`^${regexOf(filled)}$`)
  const hasTime = filled.includes('{yyyy}')
  const hasKey = pattern.includes('{partition}')
  const from = Date.parse(partition.start ?? '')
  const to = Date.parse(partition.end ?? '')
  const timeOf = (name: string) => timeIn(regex.exec(name)?.groups ?? {}, partition.timezone ?? 'UTC')
  return {
    prefix: prefixOf(filled, partition),
    matches(name) {
      if (!regex.test(name)) return false
      if (!hasTime) return true
      const time = timeOf(name)
      return time !== undefined && time.start < to && time.end > from
    },
    isWider(name) {
      if (hasKey || partition.start === undefined) return false
      const time = hasTime ? timeOf(name) : undefined
      return time === undefined || time.start < from || time.end > to
    },
  }
}

/** As much of the pattern as is the same for all files of the partition, the parts of its date that do not change within it included. */
function prefixOf(filled: string, partition: ReadPartition): string {
  let known = filled
  if (filled.includes('{yyyy}')) {
    const { first, last } = localDates(partition, '{yyyy}')
    const [year, month, day] = first.split('-') as [string, string, string]
    if (last.startsWith(year)) known = known.replaceAll('{yyyy}', year)
    if (last.startsWith(`${year}-${month}`)) known = known.replaceAll('{mm}', month)
    if (last === first) known = known.replaceAll('{dd}', day)
  }
  return known.slice(0, /[*?{]|$/.exec(known)!.index)
}

function expand(pattern: string): string {
  return pattern.replaceAll('{date}', '{yyyy}-{mm}-{dd}')
}

function fillKey(pattern: string, partition: ReadPartition): string {
  return pattern.replaceAll('{partition}', () => partition.key)
}

function regexOf(pattern: string): string {
  const seen = new Set<string>()
  return pattern.replace(/\*\*\/?|\*|\?|\{(\w+)\}|[.+^$()|[\]\\{}]/g, (token: string, name?: string) => {
    if (token === '**/') return '(?:.*/)?'
    if (token === '**') return '.*'
    if (token === '*') return '[^/]*'
    if (token === '?') return '[^/]'
    if (name === undefined) return `\\${token}`
    if (seen.has(name)) return `\\k<${name}>`
    seen.add(name)
    return `(?<${name}>${timeParts[name as TimePart]})`
  })
}

/** The time a file's name says; undefined when its digits are no date. */
function timeIn(parts: Partial<Record<string, string>>, timezone: string): { start: number; end: number } | undefined {
  const { yyyy, mm, dd, hh } = parts
  const day = dayOfDate(`${yyyy}-${mm ?? '01'}-${dd ?? '01'}`)
  if (day === undefined) return undefined
  const start = startOfDay(timezone, day)
  if (hh !== undefined) return Number(hh) > 23 ? undefined : hourOf(timezone, day, Number(hh))
  if (dd !== undefined) return { start, end: startOfDay(timezone, day + 1) }
  const after = mm === undefined ? `${Number(yyyy) + 1}-01-01` : nextMonth(Number(yyyy), Number(mm))
  return { start, end: startOfDay(timezone, dayOfDate(after)!) }
}

function nextMonth(year: number, month: number): string {
  return new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10)
}

/** An hour by the wall clock; on days of 23 or 25 hours it is as long as can be, so that no file is left out. */
function hourOf(timezone: string, day: number, hour: number): { start: number; end: number } {
  const dayStart = startOfDay(timezone, day)
  const drift = startOfDay(timezone, day + 1) - dayStart - DAY_MS
  const start = dayStart + hour * HOUR_MS
  return { start: start + Math.min(0, drift), end: start + HOUR_MS + Math.max(0, drift) }
}
