import { existsSync, globSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { Contract, DatasetContract } from '../core/contract.ts'
import type { ErrorCode, Place } from '../core/errors.ts'
import type { Finding } from '../core/finding.ts'
import { buildGraph, type Graph } from '../core/graph.ts'
import { graphFindings } from '../core/graph-findings.ts'
import { datasetContract, sqlFile, taskContract } from './contract.ts'
import type { Dataset } from './dataset.ts'
import { datasetFaults } from './dataset-faults.ts'
import { isDataset } from './declared-shapes.ts'
import type { Fault } from './fault.ts'
import { loadModule } from './load-module.ts'
import { near } from './near.ts'
import type { Task } from './task.ts'
import { taskFaults } from './task-faults.ts'

/** One service of a project: the folder services/NAME and what its task.ts exports. */
export interface Service {
  readonly name: string
  readonly folder: string
  readonly task: Task
  /** A transform's statement; absent for others, and where the file is missing (which is a finding). */
  readonly sql?: { readonly file: string; readonly text: string }
}

/** A folder with services/ and datasets/, as far as it could be read; `findings` says what could not, and what is wrong with the rest. */
export interface Project {
  readonly root: string
  readonly services: readonly Service[]
  readonly datasets: readonly Dataset[]
  /** By place. Without errors among them every contract can be deployed, but for what SQL may still hold. */
  readonly findings: readonly Finding[]
  /** Those of the findings that kept a service or a datasets' file from being read at all: the graph has holes there. */
  readonly unread: readonly Finding[]
  /** Of the services' tasks and the datasets, as declared; all of them deployed at the epoch. */
  readonly graph: Graph
  /** What to write into the ledger, given when each task was first deployed. */
  contracts(deployedAt: (task: string) => number): Contract[]
}

/**
 * Loads the services of a folder and every dataset that they or datasets/ declare. Never throws for what a developer wrote.
 *
 * @example
 * const project = await loadProject(process.cwd())
 * project.graph.order().map(t => t.task)
 */
export async function loadProject(folder: string): Promise<Project> {
  const root = existsSync(folder) ? realpathSync(folder) : folder
  const findings = new Map<string, Finding>()
  const add = (finding: Finding) => {
    const shown = { ...finding, file: finding.file && shownPath(root, finding.file) }
    // A dataset's file that cannot be read fails every service that imports it, in the same place.
    const key = `${shown.file}:${shown.line}:${shown.column}:${shown.message}`
    findings.set(key, findings.get(key) ?? shown)
    return findings.get(key)!
  }
  const unread = new Set<Finding>()
  const addUnread = (finding: Finding) => unread.add(add(finding))
  const exportsOf = async (file: string, code: ErrorCode) => {
    const loaded = await loadModule(file, root)
    if ('exports' in loaded) return loaded.exports
    addUnread({ code: codeOf(code, loaded.failure, root), severity: 'error', ...loaded.failure })
    return undefined
  }

  const services: Service[] = []
  for (const file of find(root, 'services/*/task.ts')) {
    const exports = await exportsOf(file, 'BAD_TASK')
    if (!exports) continue
    const fault = exportFault(exports, file)
    if (fault) addUnread({ code: 'BAD_TASK', severity: 'error', file, line: 1, column: 1, ...fault })
    else services.push(serviceOf(exports.default as Task, dirname(file)))
  }
  const declared = new Set<Dataset>()
  for (const file of find(root, 'datasets/**/*.ts')) {
    if (file.endsWith('.test.ts')) continue
    for (const value of Object.values((await exportsOf(file, 'BAD_DATASET')) ?? {})) if (isDataset(value)) declared.add(value)
  }
  for (const { task } of services) for (const d of [task.output, ...Object.values(task.inputs).map(i => i.dataset)]) declared.add(d)

  const datasets = uniqueDatasets(declared, add, root)
  const fault = (code: ErrorCode) => (f: Fault) =>
    add({ code, severity: f.severity ?? 'error', message: f.message, remedy: f.remedy, ...near(f.at, f.near) })
  for (const dataset of datasets) datasetFaults(dataset).forEach(fault('BAD_DATASET'))
  for (const { task } of services) taskFaults(task).forEach(fault('BAD_TASK'))

  const contracts = (deployedAt: (task: string) => number): Contract[] => [
    ...datasets.map(contractOf),
    ...services.map(s => taskContract(s.task, deployedAt(s.task.name))),
  ]
  const graph = buildGraph(contracts(() => 0))
  for (const finding of graphFindings(unread.size === 0 ? graph : benevolent(graph)))
    add({ ...finding, ...placeIn(services, datasets, finding) })
  return { root, services, datasets, findings: byPlace([...findings.values()]), unread: [...unread], graph, contracts }
}

function serviceOf(task: Task, folder: string): Service {
  const file = sqlFile(task)
  const sql = file && existsSync(file) ? { file, text: readFileSync(file, 'utf8') } : undefined
  return { name: task.name, folder, task, sql }
}

/** Why what a task.ts exports is no task of that folder. */
function exportFault(exports: Record<string, unknown>, file: string): { message: string; remedy: string } | undefined {
  const remedy = 'write export default ingest({…}), transform({…}) or load({…}), from redeye/task'
  if (!('default' in exports)) return { message: 'it has no default export', remedy }
  const task = exports.default
  if (!isTask(task)) return { message: 'its default export is not made with the language', remedy }
  if (task.declared.file === file) return undefined
  return {
    message: `its task is declared in ${task.declared.file}, so it would be called "${task.name}"`,
    remedy: 'call ingest, transform or load in task.ts itself: a task is named after the folder it stands in',
  }
}

// By shape: a project may hold another copy of the language than the command that reads it.
function isTask(value: unknown): value is Task {
  return (
    typeof value === 'object' && value !== null && 'work' in value && 'output' in value && isDataset(value.output) && 'declared' in value
  )
}

function uniqueDatasets(declared: Iterable<Dataset>, add: (finding: Finding) => unknown, root: string): Dataset[] {
  const byName = new Map<string, Dataset>()
  for (const dataset of declared) {
    const first = byName.get(dataset.name)
    if (!first) byName.set(dataset.name, dataset)
    else if (first !== dataset) {
      const message = `${dataset.name} is declared a second time: first in ${shownPath(root, first.declared.file)}:${first.declared.line}`
      const remedy = 'declare a dataset once and import it, or give one another name'
      add({ code: 'BAD_DATASET', severity: 'error', dataset: dataset.name, message, remedy, ...near(dataset.declared, dataset.name) })
    }
  }
  return [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The same graph, where what could not be read is taken to make whatever nobody else does: one fault should not look like many. */
function benevolent(graph: Graph): Graph {
  return buildGraph([...graph.tasks, ...graph.datasets.map(d => ({ ...d, outside: d.outside || !graph.producerOf(d.dataset) }))])
}

/** A dataset whose `keep` is no duration has its own finding; it still has its place in the graph. */
function contractOf(dataset: Dataset): DatasetContract {
  try {
    return datasetContract(dataset)
  } catch {
    return datasetContract({ ...dataset, keep: '0s' })
  }
}

function placeIn(services: readonly Service[], datasets: readonly Dataset[], finding: Finding): Place {
  const task = services.find(s => s.task.name === finding.task)?.task
  const input = task && Object.values(task.inputs).find(i => i.dataset.name === finding.dataset)
  const at = input?.declared ?? task?.declared ?? datasets.find(d => d.name === finding.dataset)?.declared
  return at ? { file: at.file, line: at.line, column: at.column } : {}
}

const find = (root: string, pattern: string) =>
  globSync(pattern, { cwd: root })
    .sort()
    .map(f => join(root, f))

function codeOf(code: ErrorCode, place: Place, root: string): ErrorCode {
  return place.file?.startsWith(join(root, 'datasets')) ? 'BAD_DATASET' : code
}

/** Relative to the project, with slashes, where a file is within it. */
function shownPath(root: string, file: string): string {
  return file.startsWith(root + sep) ? relative(root, file).replaceAll(sep, '/') : file
}

/** Findings as they stand: by file, line and column. */
export function byPlace(findings: readonly Finding[]): Finding[] {
  const before = (a: Finding, b: Finding) =>
    (a.file ?? '').localeCompare(b.file ?? '') || (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
  return findings.toSorted(before)
}
