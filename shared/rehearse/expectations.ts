import type { Cell } from './cell.ts'
import { type Names, partitionsIn, runNamesIn, runsIn } from './names.ts'
import { type Expectation, type ExpectationKey, lanes, states } from './story.ts'

const readers = {
  started: (names, cell) =>
    cell
      .list('a list of runs')
      .flatMap(c => runsIn(names, c, true))
      .map(({ run, times }) => ({ run, times })),
  inOrder: (names, cell) =>
    cell
      .list('a list of runs')
      .flatMap(c => runsIn(names, c, true))
      .flatMap(({ run, times }) => Array.from({ length: times }, () => run)),
  state: (names, cell) => perRun(names, cell, v => ({ state: v.oneOf(states, 'a state') })),
  missing: (names, cell) => perRun(names, cell, v => ({ partitions: partitionList(names, v) })),
  stale: (names, cell) => perRun(names, cell, v => ({ partitions: partitionList(names, v) })),
  inputs: (names, cell) =>
    perRun(names, cell, v => ({
      pins: v.entries('a map of DATASET@PARTITION: n').flatMap(({ key, value }) => {
        const number = value.count(1)
        return partitionsIn(names, key).map(partition => ({ partition, number }))
      }),
    })),
  generation: (names, cell) => perRun(names, cell, v => ({ count: v.count(0) })),
  attempts: (names, cell) => perRun(names, cell, v => ({ count: v.count(0) })),
  active: (names, cell) =>
    cell.entries('a map of task or lane: n').map(({ name, key, value }) => {
      const count = value.count(0)
      if (names.tasks.has(name)) return { task: name, count }
      const lane = lanes.find(l => l === name) ?? key.failWord(name, 'a task or a lane', [...names.tasks.keys(), ...lanes])
      return { lane, count }
    }),
  published: (names, cell) =>
    cell.entries('a map of DATASET@PARTITION: n').flatMap(({ key, value }) => {
      const count = value.count(0)
      return partitionsIn(names, key).map(partition => ({ partition, count }))
    }),
  alerts: (names, cell) => cell.list('a list of runs').flatMap(c => runNamesIn(names, c)),
  quiet: (_, cell) => cell.onlyTrue(),
} satisfies { [K in ExpectationKey]: (names: Names, cell: Cell) => NonNullable<Expectation[K]> }

const keys = Object.keys(readers) as ExpectationKey[]

export function readExpectation(names: Names, cell: Cell): Expectation {
  const record = cell.record('a map of expectations', keys, 'an expectation')
  const given = keys.filter(key => record[key] !== undefined)
  if (given.length === 0) cell.fail('nothing is expected', `say at least one of ${keys.join(', ')}`)
  return {
    ...Object.fromEntries(given.map(key => [key, readers[key](names, record[key]!)])),
    lines: Object.fromEntries(given.map(key => [key, record[key]!.line])),
  }
}

function perRun<V extends object>(names: Names, cell: Cell, read: (value: Cell) => V) {
  return cell.entries('a map of TASK@PARTITION').flatMap(({ key, value }) => {
    const runs = runNamesIn(names, key)
    const what = read(value)
    return runs.map(run => ({ run, ...what }))
  })
}

function partitionList(names: Names, cell: Cell) {
  return cell.list('a list of partitions').flatMap(c => partitionsIn(names, c))
}
