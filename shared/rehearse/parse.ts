import { dirname, resolve } from 'node:path'
import { type Cell, readYaml } from './cell.ts'
import { readGraph } from './header.ts'
import { instantIn, namesOf } from './names.ts'
import { readSteps } from './steps.ts'
import type { Story, StoryGraph } from './story.ts'

const storyKeys = ['story', 'now', 'datasets', 'tasks', 'graph', 'steps'] as const

/** A story whose names are not looked up yet, because `graph` may have to be loaded first. */
export interface OpenStory {
  /** The folder of the tasks it plays, absolute; undefined when the story declares its own. */
  readonly graph: string | undefined
  /** Where `graph` stands, for what goes wrong while it is loaded. */
  readonly graphLine: number | undefined
  /** Checks everything else. Takes the graph that was loaded, when the story names one. */
  bind(graph?: StoryGraph): Story
}

/**
 * Opens a story file's text. Throws RedeyeError BAD_STORY, with file, line, key and what is accepted there.
 *
 * @example
 * const story = openStory(text, 'weekly.yaml').bind(undefined) // a story with datasets and tasks of its own
 */
export function openStory(text: string, file: string): OpenStory {
  const root = readYaml(text, file)
  const r = root.record('a map with story, now, datasets, tasks and steps', storyKeys, 'a key of a story')
  const story = root.need(r.story, 'story', 'what must happen').string('a text that says what must happen')
  const now = instantIn(root.need(r.now, 'now', 'an instant like 2026-03-09T06:00:00Z'))
  const steps = root.need(r.steps, 'steps', 'a list of steps')
  const folder = readFolder(r.graph, r.datasets ?? r.tasks)
  const graph = folder === undefined ? undefined : resolve(dirname(file), folder)
  const own =
    graph === undefined
      ? readGraph(root.need(r.datasets, 'datasets', 'a map of datasets'), root.need(r.tasks, 'tasks', 'a map of tasks'), now)
      : undefined
  return {
    graph,
    graphLine: r.graph?.line,
    bind(loaded) {
      const played = own ?? loaded ?? r.graph!.fail(`the graph of ${graph} was not loaded`, 'load it, and bind the story to it')
      return { story, now, file, graph, datasets: played.datasets, tasks: played.tasks, steps: readSteps(namesOf(played), steps, now) }
    },
  }
}

/** Parses a story that declares its own graph, or one whose graph is given. See openStory. */
export function parseStory(text: string, file: string, graph?: StoryGraph): Story {
  return openStory(text, file).bind(graph)
}

function readFolder(graph: Cell | undefined, own: Cell | undefined): string | undefined {
  if (graph === undefined) return undefined
  const folder = graph.string('a folder')
  if (own) graph.fail('graph stands in place of datasets and tasks', 'keep one of the two', Math.max(graph.line, own.line))
  return folder
}
