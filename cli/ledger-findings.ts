import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import type { TaskContract } from '../shared/core/contract.ts'
import type { Finding } from '../shared/core/finding.ts'
import { isTriggering } from '../shared/core/graph.ts'
import { affectedBy, neededBy } from '../shared/core/mapping.ts'
import { keyOf, ordinalOf, ordinalRange } from '../shared/core/partition.ts'
import type { RunDoc } from '../shared/core/run.ts'
import { stateFolder } from '../shared/local/state.ts'
import type { Project } from '../shared/task/project.ts'
import type { OpenState } from './open-state.ts'
import { count } from './output.ts'
import { stateOf } from './state-of.ts'

/** What a change leaves as it was, by the ledger of a project that has run: partitions of an earlier task, and those from before a task was there. */
export async function ledgerFindings(project: Project, state: string | undefined): Promise<Finding[]> {
  if (!existsSync(stateFolder(stateOf(project.root, state)).ledger)) return []
  const { openState } = await import('./open-state.ts')
  const open = openState(project.root, state)
  try {
    const runs = await runsOf(project, open)
    return project.graph.order().flatMap(task => {
      const at = project.services.find(s => s.name === task.task)!.task.declared
      const place = { file: relative(project.root, at.file), line: at.line, column: at.column, task: task.task, dataset: task.output }
      return [...changed(task, runs), ...unmade(project, task, runs)].map(f => ({ ...f, ...place }))
    })
  } finally {
    open.close()
  }
}

type Runs = Map<string, Map<string, RunDoc>>
type Said = Pick<Finding, 'code' | 'severity' | 'message' | 'remedy'>

async function runsOf(project: Project, { ledger }: OpenState): Promise<Runs> {
  const runs: Runs = new Map()
  for (const { name } of project.datasets)
    runs.set(name, new Map((await ledger.query<RunDoc>(`run/${name}`)).map(({ doc }) => [doc.partition, doc])))
  return runs
}

function* changed(task: TaskContract, runs: Runs): Generator<Said> {
  const made = [...(runs.get(task.output)?.values() ?? [])].filter(doc => doc.version?.hash !== undefined)
  const old = made.filter(doc => doc.version!.hash !== task.hash)
  if (old.length === 0) return
  const message = `${task.task} has changed since ${old.length === made.length ? 'all' : old.length} of its ${count(made.length, 'partition')} were made`
  yield {
    code: 'BAD_TASK',
    severity: 'info',
    message,
    remedy: `they stay as they are; ${request(
      task,
      old.map(d => d.partition),
      'all',
    )}`,
  }
}

/** Partitions that everything is there for, and that have no run: what was published before a task was deployed starts nothing. */
function* unmade(project: Project, task: TaskContract, runs: Runs): Generator<Said> {
  const { graph } = project
  const output = graph.dataset(task.output)!.partitioning
  const candidates = new Set<number>()
  for (const input of task.inputs.filter(isTriggering)) {
    const from = graph.dataset(input.dataset)?.partitioning
    if (!from || input.dataset === task.output) continue
    for (const { partition, version } of runs.get(input.dataset)?.values() ?? []) {
      const affected = version && affectedBy(input.mapping, from, output, ordinalOf(from, partition) ?? Number.NaN)
      // What concerns every partition there ever will be says nothing of which are due.
      if (affected && Number.isFinite(affected.to - affected.from))
        for (const o of ordinalRange(output, affected.from, affected.to)) candidates.add(o)
    }
  }
  const isThere = (dataset: string, key: string) => runs.get(dataset)?.get(key)?.version !== undefined
  const complete = (ordinal: number) =>
    task.inputs.every(input => {
      const from = graph.dataset(input.dataset)?.partitioning
      if (!from || !isTriggering(input) || input.dataset === task.output) return true
      const { from: first, to: last } = neededBy(input.mapping, from, output, ordinal)
      return ordinalRange(from, first, last).every(o => isThere(input.dataset, keyOf(from, o)))
    })
  const due = [...candidates]
    .sort((a, b) => a - b)
    .filter(complete)
    .map(o => keyOf(output, o))
  const absent = due.filter(key => !runs.get(task.output)?.has(key))
  if (absent.length === 0) return
  const message = `${count(absent.length, 'partition')} of ${task.output} could be made of what was there before ${task.task} was deployed`
  yield { code: 'BAD_TASK', severity: 'info', message, remedy: `nothing starts them by itself; ${request(task, absent, 'missing')}` }
}

function request(task: TaskContract, keys: string[], run: string): string {
  const range = keys.length === 1 ? `for ${keys[0]}` : `from ${keys[0]} to ${keys.at(-1)}`
  return `request ${task.task} ${range} with run: ${run}`
}
