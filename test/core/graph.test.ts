import fc from 'fast-check'
import type { Contract, DatasetContract, InputContract, TaskContract } from '../../shared/core/contract.ts'
import { buildGraph, isTriggering } from '../../shared/core/graph.ts'
import type { Mapping } from '../../shared/core/mapping.ts'

const days = { grain: 'daily', timezone: 'UTC' } as const
const dataset = (name: string, more: Partial<DatasetContract> = {}): DatasetContract => ({
  kind: 'dataset',
  dataset: name,
  partitioning: days,
  outside: false,
  keepMs: 0,
  ...more,
})
const input = (name: string, mapping: Mapping = { map: 'same' }): InputContract => ({
  dataset: name,
  mapping,
  wait: 'all',
  onUpdate: 'rerun',
})
const task = (name: string, output: string, inputs: InputContract[] = []): TaskContract => ({
  kind: 'task',
  task: name,
  output,
  inputs,
  onNight: inputs.length === 0,
  retry: { attempts: 1, timeouts: 2, losses: 3, backoffMs: 0, factor: 2, jitter: 0 },
  hash: '',
  inputsHash: '',
  deployedAt: 0,
})
/** `{ c: ['a', 'b'] }`: task c makes dataset C of datasets A and B. */
const graphOf = (edges: Record<string, string[]>) =>
  buildGraph(
    Object.entries(edges).flatMap(([name, from]): Contract[] => [
      dataset(name.toUpperCase()),
      task(
        name,
        name.toUpperCase(),
        from.map(f => input(f.toUpperCase())),
      ),
    ]),
  )

test('who makes a dataset and who takes it', () => {
  const graph = graphOf({ a: [], b: ['a'], c: ['a', 'b'] })
  expect(graph.producerOf('A')?.task).toBe('a')
  expect(graph.producerOf('X')).toBeUndefined()
  expect(graph.readersOf('A').map(r => r.task.task)).toEqual(['b', 'c'])
  expect(graph.readersOf('C')).toEqual([])
  expect(graph.task('b')?.output).toBe('B')
  expect(graph.dataset('B')?.dataset).toBe('B')
})

test('a task that takes a dataset twice reads it by two inputs', () => {
  const twice = task('b', 'B', [input('A'), input('A', { map: 'offset', k: -1 })])
  const graph = buildGraph([dataset('A', { outside: true }), dataset('B'), twice])
  expect(graph.readersOf('A').map(r => r.input.mapping.map)).toEqual(['same', 'offset'])
  expect(graph.depth('b')).toBe(0)
})

test('depth is the longest way from a source', () => {
  const graph = graphOf({ end: ['long', 'a'], long: ['b'], b: ['a'], a: [] })
  expect(graph.order().map(t => [t.task, graph.depth(t.task)])).toEqual([
    ['a', 0],
    ['b', 1],
    ['long', 2],
    ['end', 3],
  ])
})

test('a task that reads what it made before follows from nothing by that', () => {
  const graph = buildGraph([
    dataset('IN', { outside: true }),
    dataset('A'),
    task('a', 'A', [input('IN'), input('A', { map: 'offset', k: -1 })]),
  ])
  expect(graph.depth('a')).toBe(0)
  expect(graph.unordered).toEqual([])
  expect(graph.downstreamOf(['a'])).toEqual([])
})

test('what is downstream and upstream, through all inputs or some', () => {
  const graph = buildGraph([
    task('a', 'A'),
    task('b', 'B', [input('A')]),
    task('c', 'C', [input('B', { map: 'latest' })]),
    task('d', 'D', [input('C')]),
    task('other', 'OTHER'),
  ])
  expect(graph.downstreamOf(['a'])).toEqual(['b', 'c', 'd'])
  expect(graph.downstreamOf(['a'], isTriggering)).toEqual(['b'])
  expect(graph.upstreamOf(['d'])).toEqual(['a', 'b', 'c'])
  expect(graph.upstreamOf(['d'], isTriggering)).toEqual(['c'])
  expect(graph.downstreamOf(['a', 'b'])).toEqual(['c', 'd'])
  expect(graph.downstreamOf(['nobody'])).toEqual([])
})

test('what a cycle holds goes last and ends nothing', () => {
  const graph = graphOf({ x: ['z'], y: ['x'], z: ['y'], after: ['z'], free: [] })
  expect(graph.order().map(t => t.task)).toEqual(['free', 'after', 'x', 'y', 'z'])
  expect(graph.unordered.map(t => t.task)).toEqual(['x', 'y', 'z', 'after'])
  expect(graph.downstreamOf(['x'])).toEqual(['after', 'y', 'z'])
})

/** Random acyclic graphs: task i may take any of the outputs before it. */
const edges = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { maxLength: 25 }).map(list =>
  Object.fromEntries(
    list.map((from, i) => [
      // Names in another order than the edges, so that an order by name alone would be wrong.
      `t${(i * 7) % 29}`,
      i === 0 ? [] : [...new Set(from.map(f => `t${((f % i) * 7) % 29}`))],
    ]),
  ),
)

test('in every graph without cycles a task comes after all it is made from', () => {
  fc.assert(
    fc.property(edges, edges => {
      const graph = graphOf(edges)
      const place = new Map(graph.order().map((t, i) => [t.task, i]))
      expect(graph.unordered).toEqual([])
      expect(place.size).toBe(Object.keys(edges).length)
      for (const [name, from] of Object.entries(edges)) {
        expect(graph.depth(name)).toBe(from.length === 0 ? 0 : Math.max(...from.map(f => graph.depth(f))) + 1)
        for (const f of from) expect(place.get(f)).toBeLessThan(place.get(name)!)
      }
    }),
  )
})

test('in every graph the order does not depend on the order of the contracts', () => {
  fc.assert(
    fc.property(edges, edges => {
      const names = (e: Record<string, string[]>) =>
        graphOf(e)
          .order()
          .map(t => t.task)
      expect(names(Object.fromEntries(Object.entries(edges).reverse()))).toEqual(names(edges))
    }),
  )
})

test('in every graph upstream is the inverse of downstream', () => {
  fc.assert(
    fc.property(edges, edges => {
      const graph = graphOf(edges)
      for (const a of Object.keys(edges)) for (const b of graph.downstreamOf([a])) expect(graph.upstreamOf([b])).toContain(a)
    }),
  )
})
