import { approve, cancel, select } from '../../shared/core/operate.ts'
import { blankRun } from '../../shared/core/place.ts'
import type { Cause, RunDoc } from '../../shared/core/run.ts'
import { at, nightly, placeFor, run, versions } from './runs.ts'

describe('a person', () => {
  const place = placeFor(0)

  test('cancels what is not over; what runs is stopped', () => {
    for (const state of ['succeeded', 'failed', 'cancelled', undefined] as const)
      expect(cancel(run(place, { state }), at(5))).toBeUndefined()
    expect(cancel(undefined, at(5))).toBeUndefined()
    const more = { requests: ['r'], noted: nightly, due: at(9), pending: { inputsHash: 'i', bits: [] }, stale: ['x'], lookedAt: at(1) }
    for (const state of ['waiting', 'queued', 'held'] as const) {
      const doc = cancel(run(place, { state, ...more, effects: [{ effect: 'notice' }] }), at(5))!
      expect(doc).toEqual({ ...run(place), state: 'cancelled', endedAt: at(5), served: ['r'] })
    }
    const stopped = cancel(run(place, { state: 'running', generation: 2, attempt: 3, lease: at(6), permits: ['p'] }), at(5))!
    expect(stopped).toEqual({
      ...run(place),
      state: 'cancelled',
      generation: 2,
      attempt: 3,
      endedAt: at(5),
      effects: [{ effect: 'stop', generation: 2, attempt: 3 }],
    })
    const alert = { effect: 'alert', generation: 1 } as const
    expect(cancel(run(place, { state: 'running', generation: 2, attempt: 3, effects: [alert] }), at(5))!.effects).toHaveLength(2)
  })

  test('approves what is held, and nothing else', () => {
    expect(approve(run(place, { state: 'held', effects: [{ effect: 'notice' }] }))).toEqual({ ...run(place), state: 'waiting' })
    expect(approve(run(place, { state: 'waiting' }))).toBeUndefined()
    expect(approve(undefined)).toBeUndefined()
  })
})

describe('a request', () => {
  const place = placeFor(0)
  const cause: Cause = { lane: 'manual', under: ['r'] }
  const selected = (doc: RunDoc | undefined, wish: 'missing' | 'failed' | 'all') => select(doc, place, { id: 'r', run: wish, cause })
  const published = (state: RunDoc['state']) => run(place, { state, version: versions({ at: at(1) }) })

  test('for what is missing selects what has no version and is not on its way', () => {
    expect(selected(undefined, 'missing')).toEqual({ ...blankRun(place), task: 'reports', state: 'waiting', requests: ['r'], cause })
    expect(selected(run(place, { state: 'failed' }), 'missing')).toMatchObject({ state: 'waiting', cause })
    expect(selected(run(place, { state: 'cancelled' }), 'missing')).toBeDefined()
    expect(selected(published('failed'), 'missing')).toBeUndefined()
    for (const state of ['waiting', 'queued', 'running'] as const) expect(selected(run(place, { state }), 'missing')).toBeUndefined()
  })

  test('for what failed selects that', () => {
    expect(selected(published('failed'), 'failed')).toMatchObject({ state: 'waiting', requests: ['r'] })
    for (const state of ['succeeded', 'waiting', 'cancelled', 'held', undefined] as const)
      expect(selected(run(place, { state }), 'failed')).toBeUndefined()
    expect(selected(undefined, 'failed')).toBeUndefined()
    const error = { failure: 'user', message: 'm' } as const
    expect(selected(run(place, { state: 'held', error }), 'failed')).toMatchObject({ state: 'waiting', requests: ['r'] })
  })

  test('for all joins what is on its way, and runs the rest anew', () => {
    for (const state of ['waiting', 'queued'] as const)
      expect(selected(run(place, { state, requests: ['q'], cause: { lane: 'backfill', under: ['q'] } }), 'all')).toEqual(
        run(place, { state, requests: ['q', 'r'], cause: { lane: 'manual', under: ['q', 'r'] } }),
      )
    expect(selected(run(place, { state: 'running' }), 'all')).toEqual(run(place, { state: 'running', requests: ['r'] }))
    const held = run(place, { state: 'held', noted: nightly, due: at(9), effects: [{ effect: 'notice' }] })
    expect(selected(held, 'all')).toEqual({ ...run(place), state: 'waiting', requests: ['r'], cause })
    expect(selected(published('succeeded'), 'all')).toMatchObject({ state: 'waiting', version: { number: 1 } })
  })

  test('joins what is at work as it is, but what follows from it follows for the request too', () => {
    const quiet: Cause = { lane: 'backfill', under: ['q'], quiet: true }
    const running = (why?: Cause) => run(place, { state: 'running', ...(why && { cause: why }) })
    expect(selected(running(quiet), 'all')).toEqual({ ...running({ lane: 'backfill', under: ['q'] }), requests: ['r'] })
    const joinsQuietly = (doc: RunDoc) => select(doc, place, { id: 'r', run: 'all', cause: { ...cause, quiet: true } })
    for (const why of [quiet, nightly]) expect(joinsQuietly(running(why))).toEqual({ ...running(why), requests: ['r'] })
  })

  test('for all, marking what began since it came, leaves what has run by then', () => {
    const later = (doc: RunDoc | undefined, wish: 'failed' | 'all' = 'all') =>
      select(doc, place, { id: 'r', run: wish, cause, later: true })
    for (const state of ['succeeded', 'failed'] as const) expect(later(published(state))).toBeUndefined()
    expect(later(undefined)).toMatchObject({ state: 'waiting', requests: ['r'] })
    for (const state of ['waiting', 'queued', 'running', 'held', 'cancelled'] as const)
      expect(later(run(place, { state }))).toMatchObject({ requests: ['r'] })
    expect(later(published('failed'), 'failed')).toMatchObject({ state: 'waiting', requests: ['r'] })
  })

  test('told again selects nothing again', () => {
    expect(selected(run(place, { state: 'waiting', requests: ['r'] }), 'all')).toBeUndefined()
    expect(selected(run(place, { state: 'succeeded', served: ['r'] }), 'all')).toBeUndefined()
    expect(selected(run(place, { state: 'succeeded', served: ['q'] }), 'all')).toBeDefined()
  })
})
