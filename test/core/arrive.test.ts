import { type Arrival, arrive, causeOf, lacksMore } from '../../shared/core/arrive.ts'
import { bitsOf } from '../../shared/core/bits.ts'
import type { InputContract } from '../../shared/core/contract.ts'
import { inputsOf } from '../../shared/core/place.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { arrival, at, nightly, orders, placeWith, run, today } from './runs.ts'

describe('an arrival', () => {
  const place = placeWith([orders()])
  const waiting = (bits: string[], more: Partial<RunDoc> = {}) =>
    run(place, { state: 'waiting', pending: { inputsHash: 'i', bits }, lookedAt: at(0), ...more })
  const missing = (...ordinals: number[]) => bitsOf(3, i => ordinals.includes(today - 2 + i))
  const heard = (doc: RunDoc | undefined, more: Partial<Arrival> = {}, where = place) => arrive(doc, where, arrival(more), at(9))

  test('makes a run that is not there be looked at, unless it starts nothing by itself', () => {
    expect(heard(undefined)).toBe('look')
    expect(heard(run(place))).toBe('look')
    expect(heard(undefined, { cause: { ...nightly, quiet: true } })).toBeUndefined()
    const blank = run(place)
    expect(heard(blank, { cause: { ...nightly, quiet: true } })).toBe(blank)
  })

  test('clears its bit, and only the last one has the inputs read', () => {
    const doc = waiting([missing(today - 1, today)])
    expect(heard(doc)).toEqual({ ...doc, newsAt: at(1), pending: { inputsHash: 'i', bits: [missing(today - 1)] } })
    expect(heard(waiting([missing(today)]))).toBe('look')
  })

  test('told again, or that nothing waits for, changes nothing', () => {
    const doc = waiting([missing(today - 1)], { newsAt: at(1) })
    expect(heard(doc)).toBe(doc)
    expect(heard(doc, { ordinal: today - 7 })).toBe(doc)
    expect(heard(doc, { dataset: 'prices' })).toBe(doc)
  })

  test('that was not seen marks the run, so that a claim decided before it loses its race', () => {
    const doc = waiting([missing(today - 1)])
    const marked = heard(doc, { number: 2 }) as RunDoc
    expect(marked).toEqual({ ...doc, newsAt: at(1) })
    expect(heard(marked, { number: 2 })).toBe(marked)
    expect(heard(marked, { number: 2, at: at(0.5) })).toBe(marked)
    expect(heard(marked, { number: 3, at: at(2) })).toEqual({ ...doc, newsAt: at(2) })
  })

  test('brings its reason, where the run has not seen it before and it is no quiet one', () => {
    const doc = waiting([missing(today - 1, today)], { cause: { lane: 'backfill' } })
    expect(heard(doc)).toMatchObject({ cause: nightly })
    expect(heard(doc, { at: at(0) })).toMatchObject({ cause: { lane: 'backfill' } })
    expect(heard(doc, { cause: { ...nightly, quiet: true } })).toMatchObject({ cause: { lane: 'backfill' } })
    // Why it waits is told though no bit changes.
    expect(heard(waiting([missing(today - 1)], { cause: { lane: 'backfill' } }))).toMatchObject({
      cause: nightly,
      pending: { bits: [missing(today - 1)] },
    })
  })

  test('is looked at where the task’s inputs have changed, or the run is stale on it', () => {
    expect(heard(waiting([missing(today, today - 1)], { pending: { inputsHash: 'other', bits: [missing(today)] } }))).toBe('look')
    expect(heard(run(place, { state: 'waiting' }))).toBe('look')
    const stale = waiting([missing(today - 1)], { stale: ['orders@2024-06-02'] })
    expect(heard(stale)).toBe('look')
    expect(heard(stale, { ordinal: today - 2 })).toEqual({ ...stale, newsAt: at(1) })
  })

  test('is looked at where the run waits for stale inputs alone: more of them may be now', () => {
    const stale = waiting([missing()], { stale: ['orders@2024-06-02'] })
    expect(heard(stale, { ordinal: today - 2 })).toBe('look')
    const seen = { ...stale, lookedAt: at(1), newsAt: at(1) }
    expect(heard(seen, { ordinal: today - 2 })).toBe(seen)
    expect(heard(stale, { ordinal: today - 7 })).toBe(stale)
  })

  test('is looked at by a requested run though an earlier version is there, once nothing else is missing', () => {
    expect(heard(waiting([missing()], { requests: ['r'] }))).toBe('look')
    expect(heard(waiting([missing()]))).toEqual(waiting([missing()], { newsAt: at(1) }))
    const doc = waiting([missing(today - 1)], { requests: ['r'] })
    expect(heard(doc)).toEqual({ ...doc, newsAt: at(1) })
  })

  test('told again does not clear the bit of what a requested run waits for anew', () => {
    // Bits of partitions that are there are set while a request is to run them again.
    const doc = waiting([missing(today - 1, today)], { requests: ['r'], newsAt: at(1), lookedAt: at(2) })
    expect(heard(doc)).toBe('look')
    expect(heard(doc, { number: 2, at: at(3) })).toEqual({
      ...doc,
      newsAt: at(3),
      pending: { inputsHash: 'i', bits: [missing(today - 1)] },
    })
    // What nobody asked for anew is cleared by whatever says that it is there.
    const { requests: _, ...unasked } = doc
    expect(heard(unasked)).toEqual({ ...unasked, pending: { inputsHash: 'i', bits: [missing(today - 1)] } })
  })

  test('of a first latest is nothing to a run whose own document says that it lacks more', () => {
    const place = placeWith([orders(), orders({ dataset: 'prices', mapping: { map: 'latest' } })])
    const lacks = (doc: RunDoc | undefined) => lacksMore(doc, place, at(9))
    const waits = (...bits: string[]) => run(place, { state: 'waiting', pending: { inputsHash: 'i', bits: [...bits, ''] } })
    expect(lacks(waits(missing(today)))).toBe(true)
    expect(lacks(waits(missing()))).toBe(false)
    expect(lacks(undefined)).toBe(false)
    expect(lacks(run(place, { state: 'waiting' }))).toBe(false)
    expect(lacks({ ...waits(missing(today)), state: 'queued' })).toBe(false)
    expect(lacks({ ...waits(missing(today)), pending: { inputsHash: 'other', bits: [missing(today), ''] } })).toBe(false)
  })

  test('of a first latest is something once the others are as many as it needs, or it is their time', () => {
    const lacks = (input: InputContract, now: number) => {
      const place = placeWith([input])
      return lacksMore(run(place, { state: 'waiting', pending: { inputsHash: 'i', bits: [missing(today)] } }), place, now)
    }
    expect(lacks(orders({ wait: { atLeast: 3 } }), at(9))).toBe(true)
    expect(lacks(orders({ wait: { atLeast: 2 } }), at(9))).toBe(false)
    expect(lacks(orders({ wait: { optional: '04:30' } }), Date.parse('2024-06-03T04:29Z'))).toBe(true)
    expect(lacks(orders({ wait: { optional: '04:30' } }), Date.parse('2024-06-03T04:30Z'))).toBe(false)
  })

  test('of one that was skipped, of which no bit tells, makes a run that counts them be looked at, once', () => {
    const counting = placeWith([orders({ wait: { atLeast: 2 } })])
    const doc = waiting([missing(today - 2)], { newsAt: at(1) })
    expect(heard(doc, { at: at(1) }, counting)).toBe('look')
    const looked = { ...doc, lookedAt: at(1) }
    expect(heard(looked, { at: at(1) }, counting)).toBe(looked)
    expect(heard(doc, { at: at(1) })).not.toBe('look')
  })

  test('clears a bit of every input that takes it', () => {
    const twice = placeWith([orders(), { ...orders(), mapping: { map: 'same' } }, orders({ dataset: 'prices' })])
    const doc = { ...waiting([]), pending: { inputsHash: 'i', bits: [missing(today), bitsOf(1, () => true), missing(today)] } }
    expect(heard(doc, {}, twice)).toMatchObject({ pending: { bits: [missing(), bitsOf(1, () => false), missing(today)] } })
  })

  const pinned = (number: number, inputsHash = 'i') => ({ inputsHash, inputs: [[[today - 2, today, number, 1, 1]]] as never, at: at(0) })
  test.each(['succeeded', 'failed', 'held'] as const)('is looked at by a run that %s, if it is newer than what that pinned', state => {
    const doc = run(place, { state, pins: pinned(1) })
    expect(heard(doc, { number: 2 })).toBe('look')
    expect(heard(doc, { number: 1 })).toBe(doc)
    expect(heard(doc, { number: 2, ordinal: today - 3 })).toBe(doc)
    expect(heard(doc, { number: 2, dataset: 'prices' })).toBe(doc)
    expect(heard(doc, { number: 2, cause: { ...nightly, quiet: true } })).toBe(doc)
    expect(heard(run(place, { state, pins: pinned(9, 'other') }))).toBe('look')
    expect(heard(run(place, { state }))).toBe('look')
    for (const careless of [orders({ onUpdate: 'ignore' }), orders({ mapping: { map: 'latest' } })])
      expect(heard(doc, { number: 2 }, placeWith([careless]))).toBe(doc)
    expect(heard(doc, { number: 2 }, placeWith([orders({ onUpdate: 'ignore' }), orders()]))).toBe('look')
  })

  test('is nothing to a run that was cancelled', () => {
    const doc = run(place, { state: 'cancelled' })
    expect(heard(doc, { number: 9 })).toBe(doc)
  })

  test.each([
    ['runs', { state: 'running' as const }],
    ['waits to be retried', { state: 'queued' as const, ended: { transient: 1 } }],
  ])('is noted, once for each reason, by a run that %s', (_, more) => {
    const doc = run(place, { ...more, pins: pinned(1) })
    const noted = heard(doc, { number: 2 }) as RunDoc
    expect(noted).toEqual({ ...doc, noted: nightly })
    expect(heard(noted, { number: 3 })).toBe(noted)
    expect(heard(doc, { number: 1 })).toBe(doc)
    expect(heard(doc, { number: 2, cause: { ...nightly, quiet: true } })).toBe(doc)
  })

  test('is looked at by a queued run that has not seen it', () => {
    const doc = run(place, { state: 'queued', lookedAt: at(0) })
    expect(heard(doc)).toBe('look')
    expect(heard(doc, { at: at(0) })).toBe(doc)
    expect(heard(doc, { cause: { ...nightly, quiet: true } })).toBe(doc)
    expect(heard(run(place, { state: 'queued' }), { at: at(-99) })).toBe('look')
  })

  test('is a reason unless it is quiet or known', () => {
    expect(causeOf(undefined, arrival())).toBe(nightly)
    expect(causeOf(run(place, { lookedAt: at(1) }), arrival())).toBeUndefined()
    expect(causeOf(run(place, { lookedAt: at(0) }), arrival())).toBe(nightly)
  })

  test('finds the inputs that take it', () => {
    const { contract: reads } = placeWith([orders(), orders({ dataset: 'prices' }), orders()])
    expect(inputsOf(reads, 'orders')).toEqual([0, 2])
    expect(inputsOf(reads, 'prices')).toEqual([1])
    expect(inputsOf(reads, 'nothing')).toEqual([])
  })
})
