import type { RunDoc } from '../../shared/core/run.ts'
import { matters } from '../../shared/engine/relay.ts'

const doc = (more: Partial<RunDoc> = {}): RunDoc => ({
  v: 1,
  dataset: 'clean',
  partition: '2001-02-14',
  task: 'cleaning',
  generation: 1,
  attempt: 1,
  ...more,
})
const change = (before: Partial<RunDoc> | undefined, after: Partial<RunDoc>, pk = 'run/clean') => ({
  key: { pk, sk: '2001-02-14' },
  before: before && doc(before),
  after: doc(after),
})
const version = (number: number) => ({ version: { number } as RunDoc['version'] })
const cause = { lane: 'nightly' } as const
const alert = { effect: 'alert', generation: 1 } as const

describe('the feed holds what an event may follow from:', () => {
  test.each([
    ['a first version', change(undefined, version(1))],
    ['a next version', change(version(1), version(2))],
    ['a place that is free again', change({ permits: ['p'] }, {})],
    ['a time to look again', change(undefined, { due: 5 })],
    ['another time', change({ due: 4 }, { due: 5 })],
    ['what was noted, once the run is over', change({ noted: cause, state: 'running' }, { noted: cause, state: 'succeeded' })],
    ['what was noted by a run that failed', change(undefined, { noted: cause, state: 'failed' })],
    ['what was noted by a run that was cancelled', change(undefined, { noted: cause, state: 'cancelled' })],
    ['requests that were served', change({ requests: ['r'] }, {})],
    ['a skip', change(undefined, { skipped: true })],
    ['a skip after a version', change({ skipped: false }, { skipped: true })],
    ['a first effect', change(undefined, { effects: [alert] })],
    ['one effect more', change({ effects: [alert] }, { effects: [alert, { effect: 'notice' }] })],
  ])('%s', (_, changed) => expect(matters(changed)).toBe(true))
})

describe('and nothing else:', () => {
  test.each([
    ['a run that begins to wait', change(undefined, { state: 'waiting' })],
    ['the same version', change(version(2), version(2))],
    ['a place that is taken', change({}, { permits: ['p'] })],
    ['a place that is still held', change({ permits: ['p'] }, { permits: ['p'] })],
    ['the same time', change({ due: 5 }, { due: 5 })],
    ['a time that is over', change({ due: 5 }, {})],
    ['what is noted while the run is at work', change({ state: 'running' }, { noted: cause, state: 'running' })],
    ['what is noted of a run that is no run', change({}, { noted: cause })],
    ['requests that are still open', change({ requests: ['r'] }, { requests: ['r'] })],
    ['a request that selects', change({}, { requests: ['r'] })],
    ['a skip told again', change({ skipped: true }, { skipped: true })],
    ['a skip that a version ended', change({ skipped: true }, { skipped: false })],
    ['effects that have happened', change({ effects: [alert] }, {})],
    ['the same effects', change({ effects: [alert] }, { effects: [alert] })],
    ['what is no run', change(undefined, { ...version(1), due: 5 }, 'limit')],
  ])('%s', (_, changed) => expect(matters(changed)).toBe(false))
})

test('of pauses only what ends one', () => {
  const pause = (before: boolean | undefined, after: boolean) =>
    matters({ key: { pk: 'pause', sk: 'all' }, before: before === undefined ? undefined : { paused: before }, after: { paused: after } })
  expect(pause(true, false)).toBe(true)
  expect(pause(false, true)).toBe(false)
  expect(pause(true, true)).toBe(false)
  expect(pause(false, false)).toBe(false)
  expect(pause(undefined, false)).toBe(false)
})
