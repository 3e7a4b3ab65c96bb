import { type Figure, keepsGoal } from './figure.ts'

/** Figures for people: a line each, in columns; a goal that is missed says so. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(figure => [
    figure.name,
    number(figure.value),
    figure.unit,
    figure.floor === undefined ? '' : `floor ${number(figure.floor)}`,
    figure.peer === undefined ? '' : `peer ${number(figure.peer)}`,
    goalText(figure),
  ])
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map(row => row[column]!.length)))
  const lines = rows.map(row =>
    row
      .map((cell, column) => (column === 1 ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd(),
  )
  const notes = figures.flatMap(({ note }) => (note ? [`  ${note}`] : []))
  return `${[...lines, ...notes].join('\n')}\n`
}

function goalText(figure: Figure): string {
  const { goal } = figure
  if (!goal) return ''
  const wish = 'most' in goal ? `≤ ${number(goal.most)}` : `≥ ${number(goal.least)}`
  return `goal ${wish}${keepsGoal(figure) ? '' : ', missed'}`
}

/** Three digits that count, whatever the size. */
function number(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3)
}
