import { relative } from 'node:path'
import type { Place } from '../../core/errors.ts'
import type { Finding } from '../../core/finding.ts'
import { type Columns, type ColumnType, sparkType } from '../../core/schema.ts'
import type { Dataset } from '../../task/dataset.ts'
import { near } from '../../task/near.ts'
import type { Project, Service } from '../../task/project.ts'
import { type Deploying, givingUp, PLATFORM } from './deployment-order.ts'
import { type ColumnUse, lostColumns, type ReadsDoc, readsOf } from './schemas.ts'

/** What a stage has registered. */
export interface Registered {
  /** Datasets that a task makes, or that come from outside. */
  made: ReadonlySet<string>
  reads: readonly ReadsDoc[]
  columns: ReadonlyMap<string, Columns>
}

/**
 * What a deployment would do to the rest of a stage: errors refuse it, warnings stay until mended. A reader that is deployed with it counts
 * as it will be. Added columns are nobody's loss.
 */
export function deploymentFindings(project: Project, deploying: Deploying, registered: Registered): Finding[] {
  const { services, outside = [] } = deploying
  const fresh = new Map(services.map(s => [s.task.name, readsOf(project.root, s)]))
  const reads = [...registered.reads.filter(r => !fresh.has(r.task)), ...fresh.values()]
  const first = givingUp(deploying, registered.reads)
  const makes = new Set([...services.map(s => s.task.output.name), ...outside.map(d => d.name)])
  return [
    ...outside.flatMap(dataset => losses(project.root, dataset, reads)),
    ...services.flatMap(service => {
      const its = fresh.get(service.task.name)!
      return [
        ...losses(project.root, service.task.output, reads, service.task.name),
        ...(first.has(service.name) ? tooEarly(project, its, registered) : unmade(project, its, makes, registered)),
        ...missing(project, service, makes, registered),
      ]
    }),
  ]
}

/** What readers would lose if a dataset had the columns that it is declared with. */
function losses(root: string, { name, columns, declared }: Dataset, reads: readonly ReadsDoc[], task?: string): Finding[] {
  return lostColumns(name, columns, reads).map(({ task: reader, column, use, now }) => ({
    code: 'BAD_DATASET',
    severity: 'error',
    ...placeIn(root, near(declared, now === undefined ? name : column)),
    dataset: name,
    ...(task !== undefined && { task }),
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

/** Columns that a service reads and that are not so in the stage, of what is not deployed with it. */
function unmade(project: Project, reads: ReadsDoc, makes: ReadonlySet<string>, registered: Registered): Finding[] {
  return lackedIn(reads, registered)
    .filter(l => !makes.has(l.dataset))
    .map(lacked => lackedFinding(reads.task, lacked, `deploy ${producerIn(project, lacked.dataset)} first, or with it`))
}

/** The same of a service that goes before all producers, since it gives up what one of them takes away. */
function tooEarly(project: Project, reads: ReadsDoc, registered: Registered): Finding[] {
  return lackedIn(reads, registered).map(lacked => {
    const producer = producerIn(project, lacked.dataset)
    const remedy = `${reads.task} goes first, for it gives up a column: let ${producer} have old and new columns beside each other for one deployment`
    return lackedFinding(reads.task, lacked, remedy)
  })
}

const producerIn = ({ graph }: Project, dataset: string): string =>
  graph.producerOf(dataset)?.task ?? (graph.dataset(dataset)?.outside ? PLATFORM : `what makes ${dataset}`)

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

function missing(project: Project, { task }: Service, makes: ReadonlySet<string>, { made }: Registered): Finding[] {
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
