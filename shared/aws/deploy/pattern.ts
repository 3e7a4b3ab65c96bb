import { RedeyeError } from '../../core/errors.ts'
import { type EventPattern, patternsOf, SOURCE } from '../../core/events.ts'

// EventBridge's quota for one rule's pattern. A task with some eighty inputs comes near it.
export const LONGEST_PATTERN = 2048

/** One pattern that matches what any of the task's patterns matches: they all come from Redeye, so they differ below the source. */
export function onePattern(patterns: readonly EventPattern[]): Record<string, unknown> {
  const [first, ...others] = patterns.map(({ source: _, ...pattern }) => pattern)
  return others.length === 0 ? { source: [SOURCE], ...first } : { source: [SOURCE], $or: [first, ...others] }
}

type Listener = Parameters<typeof patternsOf>[0]

/** How long a task's pattern is, as EventBridge counts. */
export const patternLength = (task: Listener): number => JSON.stringify(onePattern(patternsOf(task))).length

/** The pattern of a task's one rule; throws BAD_TASK when EventBridge would refuse it for its length. */
export function rulePattern(task: Listener): Record<string, unknown> {
  const length = patternLength(task)
  if (length <= LONGEST_PATTERN) return onePattern(patternsOf(task))
  throw new RedeyeError('BAD_TASK', `${task.task}: its rule's pattern has ${length} characters, and EventBridge takes ${LONGEST_PATTERN}`, {
    remedy: 'give it fewer inputs: let another task join some of them first',
  })
}
