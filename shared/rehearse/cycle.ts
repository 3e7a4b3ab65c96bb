import type { Cell } from './cell.ts'

/** An input as the file has it: who reads which dataset, and where that stands. */
export interface Edge {
  readonly dataset: string
  readonly reader: string
  readonly cell: Cell
}

/**
 * Refuses a graph in which a dataset follows from itself; a task that reads its own past is none. The edges come in the
 * order of the file, so the one that closes a cycle stands on its later line.
 */
export function refuseCycle(edges: readonly Edge[], producers: ReadonlyMap<string, string>): void {
  const readsFrom = new Map<string, Set<string>>()
  for (const { dataset, reader, cell } of edges) {
    const producer = producers.get(dataset)
    if (producer === undefined || producer === reader) continue
    const path = pathFrom(producer, reader, readsFrom)
    if (path) cell.fail(`the tasks form a cycle: ${[reader, ...path].join(' reads from ')}`, 'remove one of these inputs')
    const set = readsFrom.get(reader) ?? new Set()
    readsFrom.set(reader, set.add(producer))
  }
}

/** The tasks that lead from one to another by what they read, both ends included. */
function pathFrom(start: string, end: string, readsFrom: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const cameFrom = new Map<string, string | undefined>([[start, undefined]])
  for (const task of cameFrom.keys()) {
    if (task === end) {
      const path: string[] = []
      for (let at: string | undefined = end; at !== undefined; at = cameFrom.get(at)) path.unshift(at)
      return path
    }
    for (const next of readsFrom.get(task) ?? []) if (!cameFrom.has(next)) cameFrom.set(next, task)
  }
  return undefined
}
