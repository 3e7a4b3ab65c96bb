import type { Graph } from '../core/graph.ts'
import { affectedBy } from '../core/mapping.ts'
import { keyOf, ordinalOf, ordinalRange } from '../core/partition.ts'
import { type Effect, type RunDoc, runName } from '../core/run.ts'
import { sameJson } from '../core/same-json.ts'
import type { Key } from '../ports/ledger.ts'
import { runKey } from './keys.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/** Does what stands in a run's document, then takes it out: until then the next message or the sweep does it again. */
export async function settle(world: World, key: Key): Promise<void> {
  const stored = await world.ledger.get<RunDoc>(key)
  const effects = stored?.doc.effects
  if (!effects) return
  for (const effect of effects) await happen(world, stored.doc, effect)
  await swap<RunDoc>(world, key, doc => {
    const left = doc?.effects?.filter(e => !effects.some(done => sameJson(done, e)))
    if (!doc?.effects || left!.length === doc.effects.length) return doc
    const { effects: _, ...rest } = doc
    return left!.length > 0 ? { ...rest, effects: left! } : rest
  })
}

async function happen(world: World, doc: RunDoc, effect: Effect): Promise<void> {
  const task = doc.task!
  switch (effect.effect) {
    case 'alert':
      return world.notifier.alert({
        task,
        partition: doc.partition,
        generation: effect.generation,
        error: doc.error,
        waiting: await waitingOn(world, await world.graph(), doc),
      })
    case 'notice':
      return world.notifier.notice({ task, partition: doc.partition, run: doc })
    case 'stop':
      if (effect.job !== undefined) await world.spark?.cancel(effect.job)
      return world.workers.stop({
        task,
        dataset: doc.dataset,
        partition: doc.partition,
        generation: effect.generation,
        attempt: effect.attempt,
      })
    default:
      return effect satisfies never
  }
}

/** The runs that wait on a run's partition, stale ones too, by name. */
async function waitingOn(world: World, graph: Graph, doc: RunDoc): Promise<string[]> {
  const input = graph.dataset(doc.dataset)!.partitioning
  const waiting: string[] = []
  for (const {
    task,
    input: { mapping },
  } of graph.readersOf(doc.dataset)) {
    const output = graph.dataset(task.output)!.partitioning
    const { from, to } = affectedBy(mapping, input, output, ordinalOf(input, doc.partition)!)
    const keys =
      to === Number.POSITIVE_INFINITY
        ? await world.ledger.runsInState(task.task, ['waiting'])
        : ordinalRange(output, from, to).map(o => runKey(task.output, keyOf(output, o)))
    for (const stored of await world.ledger.getMany<RunDoc>(keys))
      if (stored?.doc.state === 'waiting') waiting.push(runName(task.task, stored.doc.partition))
  }
  return [...new Set(waiting)]
}
