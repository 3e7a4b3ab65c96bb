import { buildShape, contractsOf, durationsOf, INPUTS_A_TASK } from '../../bench/shapes.ts'
import { buildGraph } from '../../shared/core/graph.ts'

const graphOf = (shape: Parameters<typeof buildShape>[0]) => buildGraph(contractsOf(buildShape(shape), () => 0))

test('a chain is as deep as it is long', () => {
  expect(graphOf({ shape: 'chain', length: 5 }).depth('t-4')).toBe(4)
})

test('a fan is one task, those that read it, and one that reads those', () => {
  const graph = graphOf({ shape: 'fan', n: 3 })
  expect(graph.upstreamOf(['last'])).toEqual(['first', 'leaf-0', 'leaf-1', 'leaf-2'])
})

test('a fan wider than a contract may be is gathered in groups', () => {
  const graph = graphOf({ shape: 'fan', n: INPUTS_A_TASK + 1000 })
  expect(graph.task('last')!.inputs.map(i => i.dataset)).toEqual(['group-0', 'group-1', 'group-2'])
  expect(graph.upstreamOf(['last'])).toHaveLength(INPUTS_A_TASK + 1000 + 3 + 1)
})

test('the graph of a year has ten tasks, or none of them yet', () => {
  const graph = graphOf({ shape: 'days', deployed: true })
  expect(graph.tasks).toHaveLength(10)
  expect(graph.depth('d-9')).toBe(4)
  expect(graphOf({ shape: 'days', deployed: false }).tasks).toHaveLength(0)
})

test('a layered graph is the same for the same seed, and without cycles', () => {
  const shape = { shape: 'layered', tasks: 200, seed: 1 } as const
  expect(buildShape(shape)).toEqual(buildShape(shape))
  expect(graphOf(shape).unordered).toEqual([])
  const durations = durationsOf(shape)
  expect(durations).toHaveLength(200)
  expect(durations.every(ms => ms >= 2 && ms <= 18)).toBe(true)
})
