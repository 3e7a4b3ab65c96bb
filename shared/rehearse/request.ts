import { endOf, isSkipped, isTimed, ordinalOf, startOf, type TimePartitioning } from '../core/partition.ts'
import type { Cell } from './cell.ts'
import { type Names, taskIn } from './names.ts'
import { lanes, type RequestStep, selections } from './story.ts'

const requestKeys = ['id', 'tasks', 'from', 'to', 'run', 'downstream', 'lane', 'maxActive'] as const

export function readRequest(names: Names, cell: Cell): RequestStep {
  const r = cell.record('a map with tasks, from and to', requestKeys, 'a key of a request')
  const tasksCell = cell.need(r.tasks, 'tasks', 'a list of tasks')
  const tasks = [...new Set(tasksCell.list('a list of tasks').map(c => taskIn(names, c)))]
  if (tasks.length === 0) tasksCell.fail('no task is named', 'name at least one')
  const fromCell = cell.need(r.from, 'from', 'the first partition')
  const toCell = cell.need(r.to, 'to', 'the last partition')
  const from = fromCell.text('a partition key')
  const to = toCell.text('a partition key')
  checkRange(names, tasks, { cell: fromCell, key: from }, { cell: toCell, key: to })
  return {
    id: r.id?.text('an id'),
    tasks,
    from,
    to,
    run: r.run?.oneOf(selections, 'what a request may run') ?? 'missing',
    downstream: r.downstream?.boolean() ?? true,
    lane: r.lane?.oneOf(lanes, 'a lane') ?? 'backfill',
    maxActive: r.maxActive?.count(1),
  }
}

interface End {
  cell: Cell
  key: string
}

/** Each end must mean something to at least one named task, and nowhere may the first lie after the last. */
function checkRange(names: Names, tasks: readonly string[], from: End, to: End): void {
  const outputs = tasks.map(t => names.datasets.get(names.tasks.get(t)!.output)!.partitioning)
  const ranges = outputs.flatMap(p => {
    if (isTimed(p)) return [range(span(from.key, p.timezone)?.start, span(to.key, p.timezone)?.end)]
    if (p.grain === 'keys') return [range(ordinalOf(p, from.key), next(ordinalOf(p, to.key)))]
    const timed = span(from.key, 'UTC') ?? (from.key === 'all' ? { start: 0 } : undefined)
    const until = span(to.key, 'UTC') ?? (to.key === 'all' ? { end: 1 } : undefined)
    return [range(timed?.start, until?.end)]
  })
  for (const [end, side] of [[from, 'from'] as const, [to, 'to'] as const])
    if (ranges.every(r => r[side] === undefined))
      end.cell.fail(
        `"${end.key}" is not a partition of what these tasks make`,
        'write a key of any grain, like 2026-03-02, 2026-W10, 2026-03 or 2026-03-02T05Z',
      )
  const whole = ranges.filter(r => r.from !== undefined && r.to !== undefined)
  if (whole.length === 0) to.cell.fail(`no task here has partitions from "${from.key}" to "${to.key}"`, 'name both ends in the tasks’ keys')
  if (whole.some(r => r.from! >= r.to!))
    to.cell.fail(
      `the range from ${from.key} to ${to.key} is reversed`,
      `write from: ${to.key}, to: ${from.key}`,
      Math.max(from.cell.line, to.cell.line),
    )
}

const range = (from: number | undefined, to: number | undefined) => ({ from, to })
const next = (ordinal: number | undefined) => (ordinal === undefined ? undefined : ordinal + 1)

/** The time a key of any grain means in a zone; undefined when it is a key of none, or a date that the zone skips. */
function span(key: string, timezone: string): { start: number; end: number } | undefined {
  for (const grain of ['hourly', 'daily', 'weekly', 'monthly'] as const) {
    const p: TimePartitioning = { grain, timezone }
    const ordinal = ordinalOf(p, key)
    if (ordinal !== undefined && !isSkipped(p, ordinal)) return { start: startOf(p, ordinal), end: endOf(p, ordinal) }
  }
  return undefined
}
