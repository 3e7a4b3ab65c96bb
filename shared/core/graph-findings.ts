import type { DatasetContract, InputContract, TaskContract } from './contract.ts'
import { nearest } from './errors.ts'
import type { Finding } from './finding.ts'
import { type Graph, isTriggering } from './graph.ts'
import { mappingFault } from './mapping.ts'
import { isTimed, partitioningFault } from './partition.ts'

/**
 * Everything wrong or doubtful about a graph: errors that no night could get past, and warnings. Sound graphs have none.
 * Of two ends (two producers, a cycle) the later declared is named. Places are not known here: the contracts have none.
 */
export function graphFindings(graph: Graph): Finding[] {
  return [
    ...graph.datasets.flatMap(datasetFindings),
    ...producerFindings(graph),
    ...graph.tasks.flatMap(task => [...taskFindings(graph, task), ...task.inputs.flatMap(input => inputFindings(graph, task, input))]),
    ...cycleFindings(graph),
    ...reachFindings(graph),
  ]
}

function datasetFindings(dataset: DatasetContract): Finding[] {
  const fault = partitioningFault(dataset.partitioning)
  if (fault === undefined) return []
  const message = `${dataset.dataset} cannot be partitioned so: ${fault}`
  return [{ code: 'BAD_DATASET', severity: 'error', dataset: dataset.dataset, message, remedy: 'mend the dataset’s partition' }]
}

function producerFindings(graph: Graph): Finding[] {
  const findings: Finding[] = []
  for (const task of graph.tasks) {
    const at = { severity: 'error', task: task.task, dataset: task.output } as const
    const first = graph.producerOf(task.output)!
    if (first.task !== task.task) {
      const message = `${first.task} and ${task.task} both make ${task.output}`
      findings.push({ ...at, code: 'BAD_GRAPH', message, remedy: 'a dataset has one producer: give one of them its own output' })
    }
    const dataset = graph.dataset(task.output)
    if (!dataset) findings.push(unknown(graph, task, task.output, 'makes'))
    else if (dataset.outside) {
      const message = `${task.task} makes ${task.output}, which is declared as made outside`
      findings.push({ ...at, code: 'BAD_GRAPH', message, remedy: 'remove outside from the dataset, or give the task its own output' })
    }
  }
  return findings
}

function unknown(graph: Graph, task: TaskContract, dataset: string, verb: string): Finding {
  const near = nearest(
    dataset,
    graph.datasets.map(d => d.dataset),
  )
  const message = `${task.task} ${verb} ${dataset}, which is not declared`
  const remedy = near ? `did you mean ${near}?` : 'declare the dataset, or name one that is'
  return { code: 'UNKNOWN_NAME', severity: 'error', task: task.task, dataset, message, remedy }
}

const isCount = (n: number) => Number.isInteger(n) && n > 0

function taskFindings(graph: Graph, task: TaskContract): Finding[] {
  const findings: Finding[] = []
  const bad = (message: string, remedy: string) =>
    findings.push({ code: 'BAD_TASK', severity: 'error', task: task.task, message: `${task.task}: ${message}`, remedy })
  if (task.limit !== undefined && !isCount(task.limit)) bad(`limit is ${task.limit}`, 'give a whole number from 1')
  for (const [name, n] of Object.entries({ attempts: task.retry.attempts, timeouts: task.retry.timeouts, losses: task.retry.losses }))
    if (!isCount(n)) bad(`retry allows ${n} ${name}`, 'give a whole number from 1: the first attempt counts')
  if (!(task.retry.factor >= 1)) bad(`the wait between attempts grows by ${task.retry.factor}`, 'give a factor from 1')
  if (task.timeoutMs !== undefined && !(task.timeoutMs > 0)) bad('the timeout is no time at all', 'give a length of time like 15m')
  const output = graph.dataset(task.output)?.partitioning
  if (task.onNight && output && output.grain !== 'daily' && output.grain !== 'hourly') {
    const what = isTimed(output) ? 'so no night makes it' : 'and starts only runs that are not there yet, so the first one makes it'
    const message = `${task.task} runs on the night, but ${task.output} is ${output.grain}: a night makes the days or hours of its date, ${what}`
    const remedy = 'make the output daily or hourly, or say onNight: false and start the task by its inputs or by request'
    findings.push({ code: 'BAD_TASK', severity: 'warning', task: task.task, dataset: task.output, message, remedy })
  }
  return findings
}

function inputFindings(graph: Graph, task: TaskContract, input: InputContract): Finding[] {
  const dataset = graph.dataset(input.dataset)
  if (!dataset) return [unknown(graph, task, input.dataset, 'takes')]
  const at = { severity: 'error', task: task.task, dataset: input.dataset } as const
  const findings: Finding[] = []
  if (!dataset.outside && !graph.producerOf(input.dataset)) {
    const message = `${task.task} takes ${input.dataset}, which no task makes`
    findings.push({ ...at, code: 'BAD_GRAPH', message, remedy: 'add the task that makes it, or declare the dataset outside: true' })
  }
  const output = graph.dataset(task.output)
  if (!output || partitioningFault(dataset.partitioning) || partitioningFault(output.partitioning)) return findings
  const fault = mappingFault(input.mapping, dataset.partitioning, output.partitioning, input.dataset === task.output)
  if (fault) findings.push({ ...at, code: 'BAD_MAPPING', message: `${task.task} ← ${input.dataset}: ${fault}`, remedy: mappingRemedy })
  const wait = waitFault(input, output)
  if (wait) findings.push({ ...at, code: 'BAD_TASK', message: `${task.task} ← ${input.dataset}: ${wait.message}`, remedy: wait.remedy })
  return findings
}

const mappingRemedy = 'choose the mapping that joins the two, or change a partitioning: see the table of mappings in docs/glossary.md'

function waitFault(input: InputContract, output: DatasetContract): { message: string; remedy: string } | undefined {
  const wait = input.wait
  if (wait === 'all') return undefined
  if ('atLeast' in wait)
    return isCount(wait.atLeast) ? undefined : { message: `atLeast is ${wait.atLeast}`, remedy: 'give a whole number from 1' }
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(wait.optional))
    return { message: `"${wait.optional}" is no time of day`, remedy: 'write it like 04:30' }
  if (isTimed(output.partitioning)) return undefined
  const message = `optional waits until a time on the day after the partition, and ${output.dataset} is ${output.partitioning.grain}`
  return { message, remedy: 'make the output dated, or use atLeast' }
}

/** Every task that waits for itself is on one of the named cycles, each the shortest through its first task, as the data flows. */
function cycleFindings(graph: Graph): Finding[] {
  const place = new Map(graph.tasks.map((t, i) => [t.task, i]))
  const named = new Set<string>()
  return graph.unordered.flatMap(start => {
    const cycle = named.has(start.task) ? undefined : shortestCycle(graph, start.task)
    if (!cycle) return []
    for (const task of cycle) named.add(task)
    const last = cycle.reduce((a, b) => (place.get(a)! > place.get(b)! ? a : b))
    const message = `these tasks wait for one another: ${[...cycle, cycle[0]].join(' → ')}`
    const remedy = 'take one input away; a task may read what it made before by offset(-1) on its own output only'
    return [{ code: 'BAD_GRAPH', severity: 'error', task: last, dataset: graph.task(last)!.output, message, remedy } as const]
  })
}

function shortestCycle(graph: Graph, start: string): string[] | undefined {
  const from = new Map<string, string>()
  const queue = [start]
  for (const at of queue) {
    const output = graph.task(at)!.output
    for (const { task } of graph.readersOf(output)) {
      if (task.output === output) continue
      if (task.task === start) {
        const cycle = [at]
        while (cycle[0] !== start) cycle.unshift(from.get(cycle[0]!)!)
        return cycle
      }
      if (from.has(task.task)) continue
      from.set(task.task, at)
      queue.push(task.task)
    }
  }
  return undefined
}

/** Tasks that run by request only, and those behind them that nothing else reaches. */
function reachFindings(graph: Graph): Finding[] {
  const reached = new Set<string>()
  for (const task of graph.order())
    if (task.onNight || task.inputs.some(i => isTriggering(i) && comesByItself(graph, i, reached))) reached.add(task.task)
  const inCycle = new Set(graph.unordered.map(t => t.task))
  return graph.tasks.flatMap(task => {
    if (reached.has(task.task) || inCycle.has(task.task)) return []
    const own = !task.inputs.some(i => isTriggering(i) && i.dataset !== task.output)
    const message = own
      ? `nothing starts ${task.task}: it has ${task.inputs.length === 0 ? 'no inputs' : 'no input that triggers'} and does not run on the night`
      : `nothing reaches ${task.task}: what it takes is made by request only`
    const remedy = own
      ? 'let it run on the night, give it an input that triggers, or request it'
      : 'start a task upstream of it on the night'
    return [{ code: 'BAD_TASK', severity: 'warning', task: task.task, message, remedy } as const]
  })
}

function comesByItself(graph: Graph, input: InputContract, reached: Set<string>): boolean {
  const producer = graph.producerOf(input.dataset)
  // What no task makes has its own finding where it is not declared outside.
  return producer ? reached.has(producer.task) : true
}
