import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import type { Typed } from '../typed.ts'

/** A pattern of Spark's as DuckDB's strftime and strptime read it, and the regular expression of a text that has this form. */
export interface DatetimePattern {
  format: string
  regex: string
  /** Whether the pattern says the day, or more. */
  hasTime: boolean
}

interface Field {
  format: string
  parse?: string
  regex?: string
  time?: boolean
}

// What a run of one letter means. Without `regex` it can be written, not read: Spark's reading of it differs.
const FIELDS: Record<string, Field> = {
  y: { format: '%Y' },
  yyyy: { format: '%Y', regex: '[0-9]{4}' },
  yy: { format: '%y' },
  M: { format: '%-m', parse: '%m', regex: '(?:[1-9]|1[0-2])' },
  MM: { format: '%m', regex: '(?:0[1-9]|1[0-2])' },
  MMM: { format: '%b', regex: '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)' },
  MMMM: { format: '%B', regex: '(?:January|February|March|April|May|June|July|August|September|October|November|December)' },
  d: { format: '%-d', parse: '%d', regex: '(?:[1-9]|[12][0-9]|3[01])' },
  dd: { format: '%d', regex: '(?:0[1-9]|[12][0-9]|3[01])' },
  D: { format: '%-j' },
  DDD: { format: '%j' },
  E: { format: '%a' },
  EE: { format: '%a' },
  EEE: { format: '%a' },
  EEEE: { format: '%A' },
  H: { format: '%-H', parse: '%H', regex: '(?:[0-9]|1[0-9]|2[0-3])', time: true },
  HH: { format: '%H', regex: '(?:[01][0-9]|2[0-3])', time: true },
  h: { format: '%-I', time: true },
  hh: { format: '%I', regex: '(?:0[1-9]|1[0-2])', time: true },
  a: { format: '%p', regex: '(?:AM|PM)', time: true },
  m: { format: '%-M', parse: '%M', regex: '(?:[0-9]|[1-5][0-9])', time: true },
  mm: { format: '%M', regex: '[0-5][0-9]', time: true },
  s: { format: '%-S', parse: '%S', regex: '(?:[0-9]|[1-5][0-9])', time: true },
  ss: { format: '%S', regex: '[0-5][0-9]', time: true },
  SSS: { format: '%g', regex: '[0-9]{3}', time: true },
  SSSSSS: { format: '%f', regex: '[0-9]{6}', time: true },
}

// %g is the milliseconds in writing; in reading DuckDB takes %f for any number of digits.
const READ: Record<string, string> = { '%g': '%f' }

/** Translates a pattern, which must be a literal. `reading` asks for what a text is parsed by. */
export function datetimePattern(value: Typed, reading: boolean): DatetimePattern {
  if (typeof value.literal !== 'string') throw new Refusal('a computed datetime pattern', value.at)
  const out: DatetimePattern = { format: '', regex: '', hasTime: false }
  for (const part of parts(value.literal, value.at)) {
    if (part.text !== undefined) {
      out.format += part.text.replaceAll('%', '%%')
      out.regex += part.text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
      continue
    }
    if (/^[YwWuec]/.test(part.letters!))
      throw new SqlProblem(
        `${part.letters} in a datetime pattern counts by weeks, which Spark refuses`,
        part.letters!.startsWith('Y') ? 'write yyyy for the year' : 'write weekofyear(day), or E for the day of the week',
        value.at,
      )
    const field = FIELDS[part.letters!]
    if (!field || (reading && !field.regex)) throw new Refusal(`the datetime pattern ${part.letters}`, value.at)
    out.format += reading ? (READ[field.format] ?? field.parse ?? field.format) : field.format
    out.regex += field.regex ?? ''
    if (field.time) out.hasTime = true
  }
  if (reading) complete(value)
  return out
}

function parts(pattern: string, at: number): { text?: string; letters?: string }[] {
  const out: { text?: string; letters?: string }[] = []
  const token = /'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/y
  while (token.lastIndex < pattern.length) {
    const match = token.exec(pattern)!
    if (match[0] === "'") throw new SqlProblem(`"${pattern}" has a quote that is not closed`, "quote letters: yyyy-MM-dd'T'HH:mm:ss", at)
    if (match[1] !== undefined) out.push({ text: match[1] === '' ? "'" : match[1].replaceAll("''", "'") })
    else if (match[2]) out.push({ letters: match[0] })
    else if (/[#{}[\]]/.test(match[0])) throw new Refusal(`${match[0]} in a datetime pattern`, at)
    else out.push({ text: match[0] })
  }
  return out
}

// What the pattern does not say Spark fills from 1970-01-01, DuckDB from 1900; so it must say the date, from the year on.
function complete(value: Typed): void {
  const letters = parts(value.literal as string, value.at).flatMap(p => p.letters?.[0] ?? [])
  const has = (letter: string) => letters.includes(letter)
  const gap =
    !has('y') ||
    (has('d') && !has('M')) ||
    (has('m') && !has('H') && !has('h')) ||
    (has('s') && !has('m')) ||
    (has('h') && !has('a')) ||
    (has('a') && !has('h'))
  if (gap || (has('H') && !has('d'))) throw new Refusal(`reading by the datetime pattern ${value.literal}`, value.at)
}
