import { relative } from 'node:path'
import type { Place } from '../../core/errors.ts'
import type { Finding } from '../../core/finding.ts'
import { type Columns, type ColumnType, sparkType } from '../../core/schema.ts'
import { near } from '../../task/near.ts'
import type { Project, Service } from '../../task/project.ts'
import { givingUp } from './deployment-order.ts'
import { type ColumnUse, lostColumns, type ReadsDoc, readsOf } from './schemas.ts'

/** What a stage has registered. */
export interface Registered {
  /** Datasets that a task makes, or that come from outside. */
  made: ReadonlySet<string>
  reads: readonly ReadsDoc[]
  columns: ReadonlyMap<string, Columns>
}

/**
 * What deploying some services of a project would do to the rest of a stage: errors refuse it, warnings stay until mended. A reader that is
 * deployed with them counts as it will be. Added columns are nobody's loss.
 */
export function deploymentFindings(project: Project, chosen: readonly Service[], registered: Registered): Finding[] {
  const fresh = new Map(chosen.map(s => [s.task.name, readsOf(project.root, s)]))
  const reads = [...registered.reads.filter(r => !fresh.has(r.task)), ...fresh.values()]
  const first = givingUp(chosen, registered.reads)
  return chosen.flatMap(service => [
    ...losses(project, service, reads),
    ...(first.has(service.name)
      ? tooEarly(project, service, fresh.get(service.task.name)!, registered)
      : unmade(project, service, fresh.get(service.task.name)!, chosen, registered)),
    ...missing(project, service, chosen, registered),
  ])
}

function losses(project: Project, { task }: Service, reads: readonly ReadsDoc[]): Finding[] {
  const { name, columns, declared } = task.output
  return lostColumns(name, columns, reads).map(({ task: reader, column, use, now }) => ({
    code: 'BAD_DATASET',
    severity: 'error',
    ...placeIn(project.root, near(declared, now === undefined ? name : column)),
    dataset: name,
    task: task.name,
    message:
      now === undefined
        ? `${name} would lose the column "${column}", which ${reader} reads (${use.at})`
        : `${name}: "${column}" would become ${sparkType(now)}, and ${reader} reads it as ${sparkType(use.type)} (${use.at})`,
    remedy:
      now === undefined
        ? `deploy ${reader} without it first, or keep the column beside the new ones`
        : `add a column of the new type beside it, move ${reader} to that, and then take this one away`,
  }))
}

/** Columns that a service reads and that the stage's producer, as it was deployed, does not make so. */
function unmade(project: Project, { task }: Service, reads: ReadsDoc, chosen: readonly Service[], registered: Registered): Finding[] {
  const makes = new Set(chosen.map(s => s.task.output.name))
  return lackedIn(reads, registered)
    .filter(l => !makes.has(l.dataset))
    .map(lacked => lackedFinding(task.name, lacked, `deploy ${producerIn(project, lacked.dataset)} first, or with it`))
}

/** The same of a service that goes before all producers, since it gives up what one of them takes away. */
function tooEarly(project: Project, { task }: Service, reads: ReadsDoc, registered: Registered): Finding[] {
  return lackedIn(reads, registered).map(lacked => {
    const producer = producerIn(project, lacked.dataset)
    const remedy = `${task.name} goes first, for it gives up a column: let ${producer} make old and new columns beside each other for one deployment`
    return lackedFinding(task.name, lacked, remedy)
  })
}

const producerIn = ({ graph }: Project, dataset: string): string => graph.producerOf(dataset)?.task ?? `what makes ${dataset}`

interface Lacked {
  dataset: string
  column: string
  use: ColumnUse
  now: ColumnType | undefined
}

/** What a service reads of datasets that the stage knows, and that is not so there. */
function lackedIn(reads: ReadsDoc, { columns }: Registered): Lacked[] {
  return Object.keys(reads.reads).flatMap(dataset => {
    const made = columns.get(dataset)
    return made ? lostColumns(dataset, made, [reads]).map(lost => ({ dataset, ...lost })) : []
  })
}

function lackedFinding(task: string, { dataset, column, use, now }: Lacked, remedy: string): Finding {
  const [file, line, at] = use.at.split(':')
  return {
    code: 'BAD_DATASET',
    severity: 'error',
    file: file!,
    line: Number(line),
    column: Number(at),
    dataset,
    task,
    message: `${task} reads "${column}" of ${dataset}, which in the stage ${now === undefined ? 'has no such column' : `is ${sparkType(now)}`}`,
    remedy,
  }
}

function missing(project: Project, { task }: Service, chosen: readonly Service[], { made }: Registered): Finding[] {
  const makes = new Set(chosen.map(s => s.task.output.name))
  return Object.values(task.inputs).flatMap(({ dataset, declared }): Finding[] => {
    if (dataset.outside || made.has(dataset.name) || makes.has(dataset.name)) return []
    return [
      {
        code: 'BAD_GRAPH',
        severity: 'warning',
        ...placeIn(project.root, declared),
        task: task.name,
        dataset: dataset.name,
        message: `${task.name} reads ${dataset.name}, which nothing in the stage makes`,
        remedy: `deploy what makes it; until then ${task.name} waits`,
      },
    ]
  })
}

const placeIn = (root: string, { file, line, column }: Place): Place => ({ file: file && relative(root, file), line, column })
