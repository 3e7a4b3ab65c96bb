import { LONGEST_PATTERN, onePattern, rulePattern } from '../../../shared/aws/deploy/pattern.ts'
import { type EventPattern, matchesPattern, patternsOf, platformPatterns } from '../../../shared/core/events.ts'
import { taskContract } from '../../../shared/task/contract.ts'
import { demo } from './tasks.ts'

const tasks = demo.services.map(s => taskContract(s.task, 0))

test.each(tasks.map(t => [t.task, t] as const))('the one pattern of %s is short enough for EventBridge', (_, task) => {
  expect(JSON.stringify(rulePattern(task)).length).toBeLessThanOrEqual(LONGEST_PATTERN)
})

test.each(Object.entries(platformPatterns))('and so is that of the platform’s %s', (_, patterns) => {
  expect(JSON.stringify(onePattern(patterns)).length).toBeLessThanOrEqual(LONGEST_PATTERN)
})

test('a task with too many inputs is refused, with what to do', () => {
  const inputs = Array.from({ length: 120 }, (_, i) => ({ dataset: `a_dataset_with_a_name_${i}` }))
  expect(() => rulePattern({ task: 'wide', inputs, onNight: false })).toThrow('wide: its rule')
})

interface Joined extends Partial<EventPattern> {
  $or?: EventPattern[]
}

/** As EventBridge judges `$or`: what stands beside it must match too. */
function matches(pattern: Joined, event: Parameters<typeof matchesPattern>[1]): boolean {
  const { $or, ...beside } = pattern
  return ($or ?? [{}]).some(one => matchesPattern({ ...beside, ...one } as EventPattern, event))
}

test('one pattern matches what any of them matches, and nothing else', () => {
  const types = ['NightStarted', 'DatasetReady', 'RunDue', 'RunCancelled', 'RunRequested', 'TaskPaused', 'VersionDelivered', 'RunCanceled']
  const details = [...tasks.map(t => ({ task: t.task })), ...demo.datasets.map(d => ({ dataset: d.name })), { date: '2001-02-14' }]
  const all = [...tasks.map(t => patternsOf(t)), ...Object.values(platformPatterns)]
  for (const patterns of all) {
    const one = onePattern(patterns) as Joined
    for (const source of ['redeye', 'another'])
      for (const type of types)
        for (const detail of details) {
          const event = { source, 'detail-type': type, detail }
          expect(matches(one, event)).toBe(patterns.some(p => matchesPattern(p, event)))
        }
  }
})
