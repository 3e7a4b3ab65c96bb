import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import type { Check } from '../core/check.ts'
import { takenName } from '../core/contract.ts'
import { NAME_LENGTH } from '../core/event-shape.ts'
import { unknownOption } from '../core/option-faults.ts'
import { isTimed } from '../core/partition.ts'
import type { Columns, ColumnType } from '../core/schema.ts'
import {
  LEAST_DISK_MB,
  LEAST_FUNCTION_MB,
  LEAST_SPARK_DISK_GB,
  LEAST_SPARK_GB,
  MOST_DISK_MB,
  MOST_FUNCTION_MB,
  MOST_SPARK_DISK_GB,
  MOST_SPARK_GB,
} from '../core/sizes.ts'
import { sqlFile } from './contract.ts'
import { columnFaults, meant, sameColumns, TOO_LONG } from './dataset-faults.ts'
import type { Fault } from './fault.ts'
import { outsideFaults } from './outside-faults.ts'
import { receipts } from './receipts.ts'
import { mayUseSpark, type Task } from './task.ts'

type Say = (message: string, remedy: string, more?: Partial<Fault>) => void

/** What is wrong with a task by itself; how it joins the others is the graph's concern, and its SQL the compiler's. */
export function taskFaults(task: Task): Fault[] {
  const faults: Fault[] = []
  const say: Say = (message, remedy, more) => faults.push({ message: `${task.name}: ${message}`, remedy, at: task.declared, ...more })
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(task.name))
    say('this is no name for a task', 'name its folder in small letters, digits and "-": services/clean-orders')
  const taken = takenName(task.name)
  if (taken !== undefined) say(`this is the name of ${taken}`, 'name its folder otherwise: services/clean-orders')
  if (task.name.length > NAME_LENGTH) say(`its name has ${task.name.length} characters`, TOO_LONG)
  inputFaults(task, say)
  workFaults(task, say)
  for (const check of task.checks) checkFaults(task, check, say)
  if (task.engine !== undefined && !['duckdb', 'spark'].includes(task.engine))
    say(`engine is "${task.engine}"`, 'choose duckdb or spark, or leave it out', { near: task.engine })
  sizeFaults(task, say)
  const { network } = task
  if (network !== undefined && network !== 'private')
    say(`network is "${network}"`, "write network: 'private', or leave it out", { near: 'network' })
  return faults
}

const sizes = [
  ['memoryMb', (t: Task) => t.memoryMb, 'megabytes', LEAST_FUNCTION_MB, MOST_FUNCTION_MB, 'Lambda takes'],
  ['diskMb', (t: Task) => t.diskMb, 'megabytes', LEAST_DISK_MB, MOST_DISK_MB, 'Lambda takes'],
  ['memoryGb', (t: Task) => t.spark?.memoryGb, 'gigabytes', LEAST_SPARK_GB, MOST_SPARK_GB, 'EMR Serverless has'],
  ['diskGb', (t: Task) => t.spark?.diskGb, 'gigabytes', LEAST_SPARK_DISK_GB, MOST_SPARK_DISK_GB, 'EMR Serverless has'],
] as const

function sizeFaults(task: Task, say: Say) {
  for (const [name, of, unit, least, most, whose] of sizes) {
    const size = of(task)
    if (size !== undefined && !(Number.isInteger(size) && size >= least && size <= most))
      say(`${name} is ${size}`, `give whole ${unit} from ${least} to ${most}, as ${whose} them`, { near: name })
  }
  if (task.spark !== undefined && !mayUseSpark(task))
    say('spark is given, and none of its work is Spark’s', 'take it away, or let a transform’s engine be spark, or open', { near: 'spark' })
}

function inputFaults(task: Task, say: Say) {
  const aliases = Object.keys(task.inputs)
  for (const [alias, input] of Object.entries(task.inputs)) {
    const at = input.declared
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(alias)) say(`the input "${alias}" is no name for a table`, 'use letters, digits and "_"', { at })
    if (aliases.some(a => a !== alias && a.toLowerCase() === alias.toLowerCase() && a < alias))
      say(`two inputs are called "${alias}"`, 'SQL does not tell large letters from small: rename one', { at })
    const { mapping, wait } = input
    const taken = mapping.map === 'trailing' ? mapping.n : mapping.map === 'same' || mapping.map === 'offset' ? 1 : undefined
    if (taken !== undefined && wait !== 'all' && 'atLeast' in wait && wait.atLeast > taken)
      say(`atLeast is ${wait.atLeast}, and ${alias} takes ${taken}`, `give at most ${taken}, or leave wait out: it waits for all`, {
        at,
        severity: 'warning',
      })
    if (input.mapping.map === 'all' && isTimed(task.output.partition) && !input.explicit)
      say(
        `all(${input.dataset.name}) into the ${task.output.partition.grain} ${task.output.name} does not say onUpdate`,
        'say what a new version of one key means for every date: onUpdate: rerun, ignore or hold',
        { at },
      )
  }
}

function workFaults(task: Task, say: Say) {
  const { work, output } = task
  if (work.work === 'ingest') {
    for (const fault of outsideFaults(work.source, () => work.source.faults(output.columns)))
      say(fault, `mend the source ${work.source.source}`, { near: unknownOption(fault) })
    if (!(work.maxRejected >= 0 && work.maxRejected <= 1))
      say(`maxRejected is ${work.maxRejected}`, 'give a share from 0 to 1: 0.01 is one in a hundred', { near: 'maxRejected' })
  } else if (work.work === 'transform') {
    const file = sqlFile(task)!
    if (!existsSync(file))
      say(`there is no file ${work.sqlFile}`, `write the statement in ${basename(file)}, beside task.ts`, { near: work.sqlFile })
    if (Object.keys(task.inputs).length === 0) say('a transform needs an input', 'name what its SQL reads in inputs', { near: 'inputs' })
  } else loadFaults(task, work, say)
}

function loadFaults(task: Task, work: Extract<Task['work'], { work: 'load' }>, say: Say) {
  const inputs = Object.values(task.inputs)
  if (inputs.length !== 1)
    say(`a load delivers one input, and this has ${inputs.length}`, 'join them in a transform first', { near: 'inputs' })
  const source = inputs[0]?.dataset
  if (source) {
    const columns = work.columns ?? source.columns
    const key = source.key.filter(k => k in columns)
    for (const fault of outsideFaults(work.target, () => work.target.faults(columns, key)))
      say(fault, `mend the target ${work.target.target}`, { near: unknownOption(fault) })
  }
  for (const [name, type] of Object.entries(work.columns ?? {}))
    for (const [message, remedy] of columnFaults(name, type)) say(message, remedy, { near: ['columns', name] })
  if (!sameColumns(task.output.columns, receipts))
    say(`${task.output.name} does not have the columns of a load's receipts`, 'declare it with columns: receipts, from redeye/task', {
      near: 'output',
    })
}

function checkFaults(task: Task, check: Check, say: Say) {
  const columns = task.output.columns
  const known = (column: string, of: Columns = columns, dataset = task.output.name) => {
    if (column in of) return true
    say(`the check ${check.check} names "${column}", which ${dataset} does not have`, meant(column, Object.keys(of)), {
      near: [check.check, column],
    })
    return false
  }
  switch (check.check) {
    case 'rows': {
      const { atLeast = 0, atMost = Number.POSITIVE_INFINITY } = check
      if (!(atLeast >= 0 && atMost >= atLeast))
        say(`no version has at least ${atLeast} and at most ${atMost} rows`, 'mend the limits', { near: 'rows' })
      return
    }
    case 'notNull':
    case 'unique':
      if (check.columns.length === 0)
        say(`the check ${check.check} names no column`, `say which: ${check.check}('…')`, { near: check.check })
      for (const column of check.columns) known(column)
      return
    case 'between':
      if (!known(check.column)) return
      if (check.from > check.to)
        say(`no ${check.column} lies between ${check.from} and ${check.to}`, 'name the smaller bound first', {
          near: ['between', check.column],
        })
      for (const bound of [check.from, check.to]) comparable(task, check, columns[check.column]!, bound, say)
      return
    case 'accepted':
      if (known(check.column)) for (const value of check.values) comparable(task, check, columns[check.column]!, value, say)
      return
    case 'matches': {
      const input = Object.values(task.inputs).find(i => i.dataset.name === check.dataset)
      known(check.column)
      if (input) known(check.datasetColumn, input.dataset.columns, check.dataset)
      else say(`the check matches compares with ${check.dataset}, which is no input`, 'add it to the inputs', { near: 'matches' })
      return
    }
    case 'sql':
      return
  }
}

/** Numbers compare with numbers, truth with truth, and every other column with text. */
function comparable(task: Task, check: Extract<Check, { column: string }>, type: ColumnType, value: unknown, say: Say) {
  const numeric = type === 'int' || type === 'bigint' || type === 'double' || (typeof type === 'object' && 'decimal' in type)
  const wanted = numeric ? 'number' : type === 'boolean' ? 'boolean' : 'string'
  if (typeof value === wanted || (numeric && typeof value === 'bigint')) return
  const text = typeof value === 'string' ? `'${value}'` : String(value)
  say(`the check ${check.check} compares ${task.output.name}.${check.column} with ${text}`, `give a ${wanted}`, {
    near: [check.check, check.column],
  })
}
