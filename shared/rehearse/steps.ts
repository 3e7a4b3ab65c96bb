import { DAY_MS, type EpochMs } from '../core/zone.ts'
import type { Cell } from './cell.ts'
import { readExpectation } from './expectations.ts'
import { dateIn, durationIn, instantIn, type Names, partitionsIn, runNamesIn, taskIn } from './names.ts'
import { readRequest } from './request.ts'
import { failures, outcomes, type PartitionName, type Step } from './story.ts'

/** Reads one step's value. The clock is known while reading: only `advance` and `until` move it. */
type Reader = (names: Names, cell: Cell, clock: { now: EpochMs }) => Body
type Body = Step extends infer S ? (S extends Step ? Omit<S, 'line'> : never) : never

// Each quarter of an hour is swept, so this takes a minute or two.
const LONGEST_MS = 100 * 365.25 * DAY_MS

function checkStep(cell: Cell, ms: number): void {
  if (ms > LONGEST_MS) cell.fail('the clock would move on by more than a hundred years', 'write an earlier time')
}

const readers = {
  night: (_, cell) => ({ step: 'night', date: dateIn(cell) }),
  ready: (names, cell) => ({ step: 'ready', partitions: readReady(names, cell) }),
  outcome: (names, cell) => ({
    step: 'outcome',
    outcomes: cell.entries('a map of TASK@PARTITION: class').flatMap(({ key, value }) => {
      const runs = runNamesIn(names, key)
      const classes = (value.isList ? value.list('a list of classes') : [value]).map(c => c.oneOf(outcomes, 'how an attempt may end'))
      if (classes.length === 0) value.fail('an empty list says nothing', `name at least one of ${outcomes.join(', ')}`)
      return runs.map(run => ({ run, classes }))
    }),
  }),
  hold: (names, cell) => ({ step: 'hold', tasks: cell.list('a list of tasks').map(c => taskIn(names, c)) }),
  finish: (names, cell) => ({ step: 'finish', runs: readFinish(names, cell) }),
  fail: (names, cell) => ({
    step: 'fail',
    runs: cell.entries('a map of TASK@PARTITION: class').flatMap(({ key, value }) => {
      const failure = value.oneOf(failures, 'how an attempt may fail')
      return runNamesIn(names, key).map(run => ({ run, failure }))
    }),
  }),
  advance: (_, cell, clock) => {
    const durationMs = durationIn(cell)
    checkStep(cell, durationMs)
    clock.now += durationMs
    return { step: 'advance', durationMs }
  },
  until: (_, cell, clock) => {
    const at = instantIn(cell)
    if (at < clock.now)
      cell.fail(`the clock stands at ${new Date(clock.now).toISOString()} already`, 'write a later instant: the clock never goes back')
    checkStep(cell, at - clock.now)
    clock.now = at
    return { step: 'until', at }
  },
  pause: (names, cell) => ({ step: 'pause', task: readSwitch(names, cell) }),
  resume: (names, cell) => ({ step: 'resume', task: readSwitch(names, cell) }),
  cancel: (names, cell) => ({ step: 'cancel', runs: runNamesIn(names, cell) }),
  request: (names, cell) => ({ step: 'request', request: readRequest(names, cell) }),
  approve: (names, cell) => ({ step: 'approve', runs: runNamesIn(names, cell) }),
  skip: (names, cell) => ({ step: 'skip', partitions: partitionsIn(names, cell) }),
  redeliver: (_, cell) => ({ step: 'redeliver', what: cell.oneOf(['all', 'last'], 'what may be redelivered') }),
  lose: (_, cell) => ({ step: 'lose', count: cell.count(1) }),
  restart: (_, cell) => {
    cell.onlyTrue()
    return { step: 'restart' }
  },
  expect: (names, cell) => ({ step: 'expect', expect: readExpectation(names, cell) }),
} satisfies Record<Step['step'], Reader>

const kinds = Object.keys(readers) as Step['step'][]

export function readSteps(names: Names, cell: Cell, now: EpochMs): Step[] {
  const clock = { now }
  return cell.list('a list of steps').map(item => {
    const record = item.record('a map with one step', kinds, 'a step')
    const given = kinds.filter(kind => record[kind] !== undefined)
    if (given.length !== 1)
      item.fail(
        given.length === 0 ? 'an empty map is no step' : `one step has ${given.join(' and ')}`,
        `write one of ${kinds.join(', ')} a step`,
      )
    const kind = given[0]!
    return { ...(readers[kind] as Reader)(names, record[kind]!, clock), line: item.line } as Step
  })
}

function readReady(names: Names, cell: Cell): PartitionName[] {
  const cells = cell.isList ? cell.list('a list of partitions') : [cell]
  if (cells.length === 0) cell.fail('an empty list makes nothing ready', 'name at least one partition')
  return cells.flatMap(c => {
    const partitions = partitionsIn(names, c, true)
    const producer = names.producers.get(partitions[0]!.dataset)
    if (producer)
      c.fail(
        `${producer.output} is made by ${producer.task}, so it does not appear from outside`,
        `run ${producer.task}, by its inputs, a night or a request`,
      )
    return partitions
  })
}

function readFinish(names: Names, cell: Cell) {
  if (!cell.isMap) return runNamesIn(names, cell).map(run => ({ run }))
  return cell.entries('a map of TASK@PARTITION').flatMap(({ key, value }) => {
    const runs = runNamesIn(names, key)
    const { generation, attempt } = value.record('{ generation: g, attempt: a }', ['generation', 'attempt'], 'a key of an attempt')
    const of = {
      generation: value.need(generation, 'generation', 'a number').count(1),
      attempt: value.need(attempt, 'attempt', 'a number').count(1),
    }
    return runs.map(run => ({ run, of }))
  })
}

/** A task's name, or undefined for `all`. */
function readSwitch(names: Names, cell: Cell): string | undefined {
  const name = cell.text('a task’s name, or all')
  if (name === 'all') return undefined
  return names.tasks.has(name) ? name : cell.failWord(name, 'a task', ['all', ...names.tasks.keys()])
}
