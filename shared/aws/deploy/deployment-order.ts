import type { Dataset } from '../../task/dataset.ts'
import type { Project, Service } from '../../task/project.ts'
import { lostColumns, type ReadsDoc } from './schemas.ts'

/** Names of what is deployed, each with those that must stand before it. */
export type DeploymentOrder = ReadonlyMap<string, ReadonlySet<string>>

/** What the platform is called among services. */
export const PLATFORM = 'the platform'

/** What is deployed together. */
export interface Deploying {
  services: readonly Service[]
  /** The datasets made outside, where the platform is deployed too: it answers for them. */
  outside?: readonly Dataset[]
}

/**
 * After whom each is deployed: services after the platform, and after the producers of their inputs, so that they find what they need.
 * A reader that gives up a column goes before whoever takes it away, and waits for no producer. It waits at most for readers of its own
 * that do the same; hence no cycle.
 */
export function deploymentOrder(project: Pick<Project, 'graph'>, deploying: Deploying, reads: readonly ReadsDoc[]): DeploymentOrder {
  const upstreamFirst = project.graph.order().map(t => t.task)
  const services = deploying.services.toSorted((a, b) => upstreamFirst.indexOf(a.name) - upstreamFirst.indexOf(b.name))
  const names = new Set(services.map(s => s.name))
  const first = givingUp(deploying, reads)
  const order = new Map<string, Set<string>>()
  if (deploying.outside) order.set(PLATFORM, new Set(deploying.outside.flatMap(d => losers(d, reads)).filter(name => names.has(name))))
  for (const service of services) {
    const { name, task } = service
    const before = [...losers(task.output, reads), ...(first.has(name) ? [] : producersOf(project, service))]
    order.set(name, new Set(before.filter(other => other !== name && names.has(other))))
  }
  const beforePlatform = allBefore(PLATFORM, order)
  if (deploying.outside) for (const { name } of services) if (!beforePlatform.has(name)) order.get(name)!.add(PLATFORM)
  return order
}

/** Who reads today what is taken away: those among the deployed that go before it. */
export function givingUp({ services, outside = [] }: Deploying, reads: readonly ReadsDoc[]): Set<string> {
  const made = services.flatMap(({ name, task }) => losers(task.output, reads).filter(reader => reader !== name))
  return new Set([...made, ...outside.flatMap(dataset => losers(dataset, reads))])
}

const losers = ({ name, columns }: Dataset, reads: readonly ReadsDoc[]): string[] => lostColumns(name, columns, reads).map(l => l.task)

const producersOf = ({ graph }: Pick<Project, 'graph'>, { task }: Service): string[] =>
  Object.values(task.inputs).flatMap(i => graph.producerOf(i.dataset.name)?.task ?? [])

function allBefore(name: string, order: DeploymentOrder, found = new Set<string>()): Set<string> {
  for (const one of order.get(name) ?? []) allBefore(one, order, found.add(one))
  return found
}
