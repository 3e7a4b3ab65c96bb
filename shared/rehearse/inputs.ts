import type { InputContract } from '../core/contract.ts'
import { type Mapping, mappingFault } from '../core/mapping.ts'
import { isTimed, type Partitioning } from '../core/partition.ts'
import type { Cell } from './cell.ts'

const plainMappings = ['same', 'overlapping', 'all', 'latest'] as const
const MAPPINGS = [...plainMappings, '{ trailing: n }', '{ offset: k }']

/** Reads how a task's output depends on one dataset: a mapping, alone or with its policies. */
export function readInput(
  dataset: string,
  cell: Cell,
  task: { output: string; datasets: ReadonlyMap<string, Partitioning> },
): InputContract {
  const policies = cell.isMap && cell.entries('a mapping').some(e => ['map', 'wait', 'onUpdate'].includes(e.name))
  const record = policies ? cell.record('a mapping', ['map', 'wait', 'onUpdate'], 'a key of an input') : { map: cell }
  const mapping = readMapping(cell.need(record.map, 'map', MAPPINGS.join(', ')))
  const output = task.datasets.get(task.output)!
  const fault = mappingFault(mapping, task.datasets.get(dataset)!, output, dataset === task.output)
  if (fault !== undefined) cell.fail(fault, 'choose another mapping, or another partitioning')
  return {
    dataset,
    mapping,
    wait: record.wait ? readWait(record.wait, output) : 'all',
    onUpdate: record.onUpdate?.oneOf(['rerun', 'ignore', 'hold'], 'an update policy') ?? 'rerun',
  }
}

function readMapping(cell: Cell): Mapping {
  if (!cell.isMap) {
    const word = cell.text(`a mapping: ${MAPPINGS.join(', ')}`)
    const map = plainMappings.find(m => m === word) ?? cell.failWord(word, 'a mapping', MAPPINGS)
    return { map }
  }
  const { trailing, offset } = cell.record('a mapping', ['trailing', 'offset'], 'a mapping')
  if (trailing && !offset) return { map: 'trailing', n: trailing.count(1) }
  if (offset && !trailing) return { map: 'offset', k: offset.number('a whole number', Number.isSafeInteger) }
  return cell.fail(trailing ? 'two mappings for one input' : 'an empty map is no mapping', `write one of ${MAPPINGS.join(', ')}`)
}

const WAITS = "{ atLeast: n } or { optional: 'HH:MM' }"

function readWait(cell: Cell, output: Partitioning): InputContract['wait'] {
  if (!cell.isMap) return cell.oneOf(['all'], `a wait policy; write ${WAITS}`)
  const { atLeast, optional } = cell.record(WAITS, ['atLeast', 'optional'], 'a wait policy')
  if (atLeast && !optional) return { atLeast: atLeast.count(1) }
  if (!optional || atLeast)
    return cell.fail(optional ? 'two wait policies for one input' : 'an empty map is no wait policy', `write ${WAITS}`)
  const time = optional.text('a time like 04:30')
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(time)) optional.fail(`"${time}" is no time of day`, 'write it like 04:30')
  if (!isTimed(output)) optional.fail('an optional time needs an output with dates', 'use atLeast, or a dated output')
  return { optional: time }
}
