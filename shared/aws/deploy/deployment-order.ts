import type { Project, Service } from '../../task/project.ts'
import { lostColumns, type ReadsDoc } from './schemas.ts'

/** Names of what is deployed, upstream first, each with those that must stand before it. */
export type DeploymentOrder = ReadonlyMap<string, ReadonlySet<string>>

/**
 * After whom each service is deployed: after the producers of its inputs, so that it finds what it reads. A reader that gives up a column
 * goes before whoever takes it away, and waits for no producer. It waits at most for readers of its own that do the same; hence no cycle.
 */
export function deploymentOrder(project: Pick<Project, 'graph'>, chosen: readonly Service[], reads: readonly ReadsDoc[]): DeploymentOrder {
  const upstreamFirst = project.graph.order().map(t => t.task)
  const ordered = chosen.toSorted((a, b) => upstreamFirst.indexOf(a.name) - upstreamFirst.indexOf(b.name))
  const names = new Set(ordered.map(s => s.name))
  const first = givingUp(chosen, reads)
  return new Map(
    ordered.map(service => {
      const readers = [...losers(service, reads)]
      const producers = first.has(service.name) ? [] : producersOf(project, service)
      return [service.name, new Set([...readers, ...producers].filter(name => names.has(name)))]
    }),
  )
}

/** Who reads today what one of these services takes away: those among them that go before it. */
export const givingUp = (chosen: readonly Service[], reads: readonly ReadsDoc[]): Set<string> =>
  new Set(chosen.flatMap(service => [...losers(service, reads)]))

function losers({ name, task }: Service, reads: readonly ReadsDoc[]): Set<string> {
  const lost = lostColumns(task.output.name, task.output.columns, reads)
  return new Set(lost.map(l => l.task).filter(reader => reader !== name))
}

function producersOf({ graph }: Pick<Project, 'graph'>, { name, task }: Service): string[] {
  const producers = Object.values(task.inputs).flatMap(i => graph.producerOf(i.dataset.name)?.task ?? [])
  return producers.filter(producer => producer !== name)
}
