import { RedeyeError } from '../core/errors.ts'

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** A length of time as people write it: `90s`, `5m`, `2h`, `3d`. */
export type Duration = `${number}${keyof typeof unitMs}`

/** Milliseconds of a duration; throws BAD_ARGUMENT naming what was received. */
export function durationMs(duration: string): number {
  const m = /^(\d+(?:\.\d+)?)([smhd])$/.exec(duration)
  if (!m) throw new RedeyeError('BAD_ARGUMENT', `"${duration}" is no duration`, { remedy: 'write it like 90s, 5m, 2h or 3d' })
  return Number(m[1]) * unitMs[m[2] as keyof typeof unitMs]
}
