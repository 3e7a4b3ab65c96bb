import { entryOf, entryTime, LASTING, UNKNOWN } from '../../shared/aws/dynamodb-index.ts'
import type { RunDoc } from '../../shared/core/run.ts'

const DAY = 86_400_000
const NOW = 1_800_000_000_000
const key = { pk: 'run/clean', sk: '2001-02-14' }
const at = (days: number) => entryTime(NOW + days * DAY)
const doc = (more: Partial<RunDoc>) => ({ v: 1, dataset: 'clean', partition: '2001-02-14', generation: 1, attempt: 1, ...more }) as RunDoc
const published = (days: number, state?: RunDoc['state']) =>
  doc({ ...(state && { state }), version: { number: 1, at: NOW + days * DAY } as RunDoc['version'] })
const entry = (days: number) => ({ ix: 'run/clean', at: at(days) })

test.each([
  ['a run that opens', doc({ state: 'waiting' }), undefined, entry(0)],
  ['an open run that goes on', doc({ state: 'running' }), at(-6), 'keep'],
  ['an open run that goes on after more than a week', doc({ state: 'running' }), at(-8), entry(0)],
  ['a long-open run that goes on', doc({ state: 'held' }), LASTING, 'keep'],
  ['an open run that was read elsewhere', doc({ state: 'queued' }), UNKNOWN, entry(0)],
  ['an attempt that was claimed elsewhere', doc({ state: 'running', begunAt: 1 }), UNKNOWN, { ...entry(0), ifAbsent: true }],
  ['a claim of what was read elsewhere', doc({ state: 'running' }), UNKNOWN, entry(0)],
  ['a run that is published on the day it opened', published(0, 'succeeded'), at(-0.9), 'keep'],
  ['a run that is published days after it opened', published(0, 'succeeded'), at(-2), entry(0)],
  ['a long-open run that is published', published(0, 'succeeded'), LASTING, entry(0)],
  ['a version from outside', published(-0.5), undefined, entry(-0.5)],
  ['a run that fails without a version', doc({ state: 'failed' }), at(-1), 'keep'],
  [
    'a run that fails, until its owner has been told',
    doc({ state: 'failed', effects: [{ effect: 'alert', generation: 1 }] }),
    at(-20),
    entry(0),
  ],
  ['a long-open run that is cancelled', doc({ state: 'cancelled' }), LASTING, 'remove'],
  ['an old version that is skipped', { ...published(-300), skipped: true }, at(-300), 'keep'],
  ['a skipped partition without a version', doc({ skipped: true }), undefined, 'keep'],
] as const)('%s', (_, after, known, expected) => {
  expect(entryOf(key, after, known, NOW)).toEqual(expected)
})

test('other documents have none', () => {
  expect(entryOf({ pk: 'night', sk: '2001-02-14' }, { v: 1 }, undefined, NOW)).toBe('keep')
  expect(entryOf({ pk: 'contract', sk: 'task/a' }, { v: 1 }, UNKNOWN, NOW)).toBe('keep')
})

test('times sort as texts do, and before what lasts', () => {
  expect([at(0), at(-300), LASTING, entryTime(0), entryTime(-5)].sort()).toEqual([entryTime(0), entryTime(0), at(-300), at(0), LASTING])
})
