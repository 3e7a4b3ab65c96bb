/** Numbers as people read them. */
export const rowsText = (rows: number): string => `${rows.toLocaleString('en-US')} row${rows === 1 ? '' : 's'}`

/** `0.9 s`, `1 m 12 s`, `2 h 5 m`. */
export function timeText(ms: number): string {
  const seconds = Math.max(0, ms) / 1000
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`
}

/** An instant as a clock on the wall shows it here. */
export function clockText(at: number): string {
  const date = new Date(at)
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(n => String(n).padStart(2, '0')).join(':')
}

/** `2026-03-09 06:00`, by the clock here. */
export function instantText(at: number): string {
  const date = new Date(at)
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(n => String(n).padStart(2, '0')).join('-')
  return `${day} ${clockText(at).slice(0, 5)}`
}

/** The first line of a message, which may bring a stack along. */
export const firstLine = (message: string): string => message.split('\n', 1)[0]!
