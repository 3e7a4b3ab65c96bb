import { writeFileSync } from 'node:fs'
import { RedeyeError } from '../shared/core/errors.ts'
import { loadProject, type Project } from '../shared/task/project.ts'
import { exits } from './exits.ts'
import { pictureOf } from './graph-picture.ts'
import { say, toJson } from './output.ts'

/** Prints the graph, in the one form that was asked for. */
export async function graph(root: string, options: { mermaid?: boolean; svg?: string; json?: boolean }): Promise<number> {
  const asked = [options.mermaid, options.svg, options.json].filter(Boolean)
  if (asked.length > 1)
    throw new RedeyeError('BAD_ARGUMENT', 'graph prints one form at a time', { remedy: 'choose one of --mermaid, --svg and --json' })
  const project = await loadProject(root)
  refuseHoles(project)
  if (options.json) say(toJson(asJson(project), 2))
  else if (options.mermaid) say((await import('./graph-mermaid.ts')).mermaid(pictureOf(project)))
  else if (options.svg) write(options.svg, (await import('./graph-svg.ts')).svg(pictureOf(project)))
  else for (const line of (await import('./graph-tree.ts')).tree(project)) say(line)
  return exits.ok
}

/** A picture without the services that cannot be read would show a graph that is not there. */
function refuseHoles(project: Project) {
  const unread = project.unread[0]
  if (unread) throw new RedeyeError(unread.code, unread.message, { ...unread, remedy: unread.remedy })
}

function write(file: string, text: string) {
  if (file === '-') return say(text)
  try {
    writeFileSync(file, `${text}\n`)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RedeyeError('BAD_ARGUMENT', `${file} cannot be written: ${why}`, { remedy: 'name a file in a folder that exists', cause })
  }
  say(`wrote ${file}`)
}

function asJson(project: Project) {
  const tasks = project.graph.order().map(({ task, output, inputs, onNight }) => {
    const kind = project.services.find(s => s.name === task)?.task.kind
    return { task, kind, onNight, depth: project.graph.depth(task), inputs, output }
  })
  const datasets = project.datasets.map(({ name, partition, columns, key, outside, description, owner }) => {
    const producer = project.graph.producerOf(name)?.task
    const readers = [...new Set(project.graph.readersOf(name).map(r => r.task.task))]
    return { dataset: name, partition, columns, key, outside, producer, readers, description, owner }
  })
  return { tasks, datasets }
}
