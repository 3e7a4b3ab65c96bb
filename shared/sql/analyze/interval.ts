import { SqlProblem } from '../finding.ts'

const FORMS: Record<string, { pattern: RegExp; form: string; factors: bigint[] }> = {
  'YEAR MONTH': { pattern: /^(\d+)-(\d+)$/, form: '2-11', factors: [12n, 1n] },
  'DAY HOUR': { pattern: /^(\d+) (\d+)$/, form: '3 05', factors: [86_400_000_000n, 3_600_000_000n] },
  'DAY MINUTE': { pattern: /^(\d+) (\d+):(\d+)$/, form: '3 05:30', factors: [86_400_000_000n, 3_600_000_000n, 60_000_000n] },
  'DAY SECOND': {
    pattern: /^(\d+) (\d+):(\d+):(\d+)(?:\.(\d{1,9}))?$/,
    form: '3 05:30:00',
    factors: [86_400_000_000n, 3_600_000_000n, 60_000_000n, 1_000_000n],
  },
  'HOUR MINUTE': { pattern: /^(\d+):(\d+)$/, form: '05:30', factors: [3_600_000_000n, 60_000_000n] },
  'HOUR SECOND': { pattern: /^(\d+):(\d+):(\d+)(?:\.(\d{1,9}))?$/, form: '05:30:00', factors: [3_600_000_000n, 60_000_000n, 1_000_000n] },
  'MINUTE SECOND': { pattern: /^(\d+):(\d+)(?:\.(\d{1,9}))?$/, form: '30:00', factors: [60_000_000n, 1_000_000n] },
}

/** The value of `INTERVAL '…' <from> TO <to>`. */
export function intervalOfText(value: string, from: string, to: string, negated: boolean, at: number): { months: bigint; micros: bigint } {
  const known = FORMS[`${from} ${to}`]
  if (!known)
    throw new SqlProblem(
      `there is no interval ${from} TO ${to}`.toLowerCase(),
      `there are ${Object.keys(FORMS)
        .map(f => f.replace(' ', ' TO '))
        .join(', ')}`,
      at,
    )
  const signed = /^\s*([+-]?)\s*(.*?)\s*$/.exec(value)!
  const match = known.pattern.exec(signed[2]!)
  if (!match) throw new SqlProblem(`"${value}" is not an interval ${from} TO ${to}`, `write it like '${known.form}'`, at)
  let total = known.factors.reduce((sum, factor, i) => sum + factor * BigInt(match[i + 1]!), 0n)
  if (to === 'SECOND') total += BigInt((match[known.factors.length + 1] ?? '').slice(0, 6).padEnd(6, '0'))
  if ((signed[1] === '-') !== negated) total = -total
  return from === 'YEAR' ? { months: total, micros: 0n } : { months: 0n, micros: total }
}
