import type { InputContract } from '../shared/core/contract.ts'
import type { Project } from '../shared/task/project.ts'

/** What a drawing of the graph shows: a node a task, with the dataset it makes, and one for each dataset that no task makes. */
export interface Picture {
  nodes: PictureNode[]
  edges: PictureEdge[]
}
export interface PictureNode {
  id: string
  kind: 'ingest' | 'transform' | 'load' | 'outside'
  title: string
  /** The dataset and its partitioning, and what else sets the task apart. */
  lines: string[]
}
export interface PictureEdge {
  from: string
  to: string
  /** How partitions map, where it is not simply the same. */
  label: string
  /** Whether a new version is a reason to run. */
  triggering: boolean
}

export function pictureOf(project: Project): Picture {
  const { graph } = project
  const kinds = new Map(project.services.map(s => [s.name, s.task.kind]))
  const grain = (dataset: string) => graph.dataset(dataset)?.partitioning.grain ?? 'not declared'
  const origin = (dataset: string) => (graph.dataset(dataset)?.outside ? 'made outside' : 'made by no task')
  const nodes: PictureNode[] = []
  const edges: PictureEdge[] = []
  const outside = new Set<string>()
  for (const task of graph.order()) {
    const own = task.inputs.filter(i => i.dataset === task.output).map(i => `↺ ${label(i)}`)
    const night = task.onNight ? ['every night'] : []
    nodes.push({
      id: task.task,
      kind: kinds.get(task.task) ?? 'transform',
      title: task.task,
      lines: [`${task.output} · ${grain(task.output)}`, ...night, ...own],
    })
    for (const input of task.inputs) {
      if (input.dataset === task.output) continue
      const producer = graph.producerOf(input.dataset)?.task
      if (!producer) outside.add(input.dataset)
      edges.push({
        from: producer ?? outsideId(input.dataset),
        to: task.task,
        label: label(input),
        triggering: input.mapping.map !== 'latest',
      })
    }
  }
  const sources: PictureNode[] = [...outside]
    .sort()
    .map(d => ({ id: outsideId(d), kind: 'outside', title: d, lines: [`${origin(d)} · ${grain(d)}`] }))
  return { nodes: [...sources, ...nodes], edges }
}

const outsideId = (dataset: string) => `outside:${dataset}`

/** An input in a few letters: `7 back`, `offset -1`, `latest`, and how it waits; empty for `same` and all. */
export function label({ mapping, wait, onUpdate }: InputContract): string {
  const parts: string[] = []
  if (mapping.map === 'trailing') parts.push(`trailing ${mapping.n}`)
  else if (mapping.map === 'offset') parts.push(`offset ${mapping.k}`)
  else if (mapping.map !== 'same') parts.push(mapping.map)
  if (wait !== 'all') parts.push('atLeast' in wait ? `at least ${wait.atLeast}` : `until ${wait.optional}`)
  if (onUpdate !== 'rerun') parts.push(onUpdate === 'hold' ? 'holds' : 'ignores updates')
  return parts.join(', ')
}
