import type { TaskContract } from '../shared/core/contract.ts'
import type { Project } from '../shared/task/project.ts'
import { label } from './graph-picture.ts'
import { paint } from './output.ts'

/**
 * The graph as text: under each task those that take what it makes. A task with several inputs stands in full below the one
 * that comes last in the graph's order, since by then all it waits for has been shown; elsewhere only its name points there.
 */
export function tree(project: Project): string[] {
  const { graph } = project
  const place = new Map(graph.order().map((t, i) => [t.task, i]))
  const makers = (task: TaskContract) => task.inputs.filter(i => i.dataset !== task.output).map(i => graph.producerOf(i.dataset))
  const home = new Map<string, string>()
  for (const task of graph.order()) {
    const last = makers(task)
      .filter(m => m !== undefined)
      .sort((a, b) => place.get(b.task)! - place.get(a.task)!)[0]
    // Within a cycle a task may come before what it is made from; it then stands at the top.
    if (last && place.get(last.task)! < place.get(task.task)!) home.set(task.task, last.task)
  }
  const lines: string[] = []
  const walk = (task: TaskContract, head: string, indent: string) => {
    lines.push(`${head}${paint('bold', task.task)} ${paint('dim', '→')} ${output(project, task)}${taken(project, task)}`)
    const readers = [...new Set(graph.readersOf(task.output).map(r => r.task))].filter(r => r.task !== task.task)
    readers.sort((a, b) => place.get(a.task)! - place.get(b.task)!)
    readers.forEach((reader, i) => {
      const last = i === readers.length - 1
      const branch = indent + paint('dim', last ? '└─ ' : '├─ ')
      if (home.get(reader.task) === task.task) walk(reader, branch, indent + (last ? '   ' : paint('dim', '│  ')))
      else lines.push(`${branch}${paint('dim', `${reader.task} …`)}`)
    })
  }
  for (const task of graph.order()) if (!home.has(task.task)) walk(task, '', '')
  return lines
}

function output(project: Project, task: TaskContract): string {
  const grain = project.graph.dataset(task.output)?.partitioning.grain ?? 'not declared'
  return `${task.output} ${paint('dim', `(${grain}${task.onNight ? ', every night' : ''})`)}`
}

/** What a task takes, with how the partitions map. */
function taken(project: Project, task: TaskContract): string {
  if (task.inputs.length === 0) return ''
  const inputs = task.inputs.map(input => {
    const how = [label(input), project.graph.dataset(input.dataset)?.outside ? 'outside' : ''].filter(Boolean).join(', ')
    return `${input.dataset}${how ? ` (${how})` : ''}`
  })
  return ` ${paint('dim', `← ${inputs.join(', ')}`)}`
}
