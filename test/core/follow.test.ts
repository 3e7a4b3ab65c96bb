import { bitsOf } from '../../shared/core/bits.ts'
import type { InputContract, TaskContract } from '../../shared/core/contract.ts'
import {
  type Arrival,
  approve,
  arrive,
  begin,
  blankRun,
  cancel,
  causeOf,
  consider,
  delivered,
  end,
  handOn,
  inputsOf,
  isAtWork,
  isInMotion,
  isUnbegun,
  LEASE_MS,
  lacksMore,
  nameRun,
  type Outcome,
  type Place,
  RENEW_MS,
  renew,
  runsAs,
  select,
  silent,
  type View,
  withoutEnded,
} from '../../shared/core/follow.ts'
import { ordinalOf, type Partitioning } from '../../shared/core/partition.ts'
import type { Cause, RunDoc, Version } from '../../shared/core/run.ts'

const days: Partitioning = { grain: 'daily', timezone: 'UTC' }
const NOON = Date.parse('2024-06-03T12:00:00Z')
const at = (hours: number) => NOON + hours * 3_600_000

const contract = (deployedAt: number): TaskContract => ({
  kind: 'task',
  task: 'reports',
  output: 'report',
  inputs: [{ dataset: 'orders', mapping: { map: 'same' }, wait: 'all', onUpdate: 'rerun' }],
  onNight: false,
  retry: { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 },
  hash: 'h',
  inputsHash: 'i',
  deployedAt,
})
const placeFor = (deployedAt: number): Place => ({
  contract: contract(deployedAt),
  output: days,
  ordinal: ordinalOf(days, '2024-06-02')!,
  inputs: [days],
})

/** A partition's versions, made one after the other, each loud or quiet. */
function versions(...made: { at: number; quiet?: boolean }[]): Version {
  let doc: RunDoc = delivered(undefined, 'orders', '2024-06-02', { ok: true, rows: 1, bytes: 1, schemaHash: '', at: 0 }, 1)
  const { version: _, ...blank } = doc
  doc = blank
  for (const { at: published, quiet } of made) {
    const cause: Cause = { lane: 'nightly', ...(quiet && { quiet }) }
    const running: RunDoc = { ...doc, state: 'running', generation: doc.generation + 1, attempt: 1, cause }
    doc = end(running, placeFor(0), running, { ok: true, rows: 1, bytes: 1, schemaHash: '', at: published }, published, 0)!
  }
  return doc.version!
}
const look = (version: Version, deployedAt: number, doc?: RunDoc) => {
  const place = placeFor(deployedAt)
  return consider(doc, place, {
    facts: [{ input: place.contract.inputs[0]!, partitioning: days, needed: [{ ordinal: place.ordinal, version }] }],
    now: at(9),
    lookedAt: at(9),
    paused: false,
  }).next
}

describe('a version of a request without downstream, after one that readers follow', () => {
  const repaired = versions({ at: at(1) }, { at: at(3), quiet: true })

  test('starts no task that was deployed between the two', () => {
    expect(look(repaired, at(2))).toBe('keep')
  })
  test('leaves the first to be heard of by a task that was there before it', () => {
    expect(look(repaired, at(0))).toBe('claim')
  })
  test('is still followed by the version after it', () => {
    expect(look(versions({ at: at(1) }, { at: at(3), quiet: true }, { at: at(4) }), at(2))).toBe('claim')
  })
  test('runs nothing anew under inputs that changed after the first', () => {
    const place = placeFor(0)
    const over: RunDoc = {
      ...blankRun(place),
      task: 'reports',
      state: 'succeeded',
      generation: 1,
      attempt: 1,
      pins: { inputsHash: 'other inputs', inputs: [], at: at(2) },
    }
    expect(look(repaired, at(0), over)).toBe('keep')
    expect(look(versions({ at: at(1) }, { at: at(3) }), at(0), over)).toBe('claim')
    // Nor on one that no reader was ever to follow.
    expect(look(versions({ at: at(3), quiet: true }), at(0), over)).toBe('keep')
  })
})

const orders = (more: Partial<InputContract> = {}): InputContract => ({
  dataset: 'orders',
  mapping: { map: 'trailing', n: 3 },
  wait: 'all',
  onUpdate: 'rerun',
  ...more,
})
const placeWith = (inputs: InputContract[], more: Partial<TaskContract> = {}): Place => ({
  ...placeFor(0),
  contract: { ...contract(0), inputs, ...more },
  inputs: inputs.map(() => days),
})
const nightly: Cause = { lane: 'nightly' }
const run = (place: Place, more: Partial<RunDoc> = {}): RunDoc => ({ ...blankRun(place), task: 'reports', cause: nightly, ...more })
const today = ordinalOf(days, '2024-06-02')!
const arrival = (more: Partial<Arrival> = {}): Arrival => ({
  dataset: 'orders',
  ordinal: today,
  number: 1,
  at: at(1),
  cause: nightly,
  ...more,
})

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

describe('a look', () => {
  const version = (more: Partial<Version> = {}): Version => ({ ...versions({ at: at(1) }), ...more })
  const same = orders({ mapping: { map: 'same' } })
  const view = (found: Version | undefined, more: Partial<View> = {}, input = same): View => ({
    facts: [{ input, partitioning: days, needed: [{ ordinal: today, ...(found && { version: found }) }] }],
    now: at(9),
    lookedAt: at(9) + 0.5,
    paused: false,
    ...more,
  })
  const place = placeWith([same])

  test('claims a run whose inputs are all there, pinning them', () => {
    const next = consider(undefined, place, view(version()))
    expect(next).toMatchObject({
      next: 'claim',
      doc: {
        state: 'running',
        generation: 1,
        attempt: 1,
        startedAt: at(9),
        lease: at(9) + LEASE_MS,
        pins: { inputsHash: 'i', at: at(9), inputs: [[[today, today, 1, 2, 1]]] },
      },
      queued: { state: 'queued', generation: 0, lookedAt: at(9) + 0.5 },
    })
    expect('deadline' in (next as { doc: object }).doc).toBe(false)
    expect(consider(undefined, placeWith([same], { timeoutMs: 1000 }), view(version()))).toMatchObject({ doc: { deadline: at(9) + 1000 } })
    expect([LEASE_MS, RENEW_MS]).toEqual([1_800_000, 600_000])
  })

  test('at a partition that has not begun comes again when it does', () => {
    const early = view(version(), { now: Date.parse('2024-06-01T23:59Z') })
    expect(consider(undefined, place, early)).toEqual({ next: 'later', at: Date.parse('2024-06-02') })
    expect(consider(undefined, place, { ...early, now: Date.parse('2024-06-02') }).next).toBe('claim')
  })

  test('keeps what is at work, was cancelled, or has no reason to be', () => {
    expect(consider(run(place, { state: 'running' }), place, view(version()))).toEqual({ next: 'keep' })
    expect(consider(run(place, { state: 'cancelled' }), place, view(version()))).toEqual({ next: 'keep' })
    expect(consider(run(place, { state: 'cancelled' }), place, view(version(), { named: true })).next).toBe('claim')
    expect(consider(undefined, place, view(undefined))).toEqual({ next: 'keep' })
    expect(consider(undefined, place, view(version({ loud: 0 })))).toEqual({ next: 'keep' })
    expect(
      consider(undefined, placeWith([orders({ mapping: { map: 'latest' } })]), view(version(), {}, orders({ mapping: { map: 'latest' } }))),
    ).toEqual({
      next: 'keep',
    })
  })

  test('writes down what a named run waits for, once', () => {
    const named = view(undefined, { named: true, cause: { lane: 'manual' } })
    const next = consider(undefined, place, named) as { next: 'write'; doc: RunDoc }
    expect(next).toEqual({
      next: 'write',
      doc: {
        ...blankRun(place),
        task: 'reports',
        state: 'waiting',
        cause: { lane: 'manual' },
        lookedAt: at(9) + 0.5,
        pending: { inputsHash: 'i', bits: [bitsOf(1, () => true)] },
      },
    })
    expect(consider(next.doc, place, named)).toEqual({ next: 'keep' })
    for (const other of [
      { due: at(9) },
      { cause: { lane: 'backfill' as const, night: '2024-06-02' } },
      { pending: { inputsHash: 'other', bits: next.doc.pending!.bits } },
      { pending: { inputsHash: 'i', bits: [bitsOf(1, () => false)] } },
      { pending: undefined },
      { stale: ['orders@2024-06-02'] },
      { state: undefined },
    ])
      expect(consider({ ...next.doc, ...other }, place, named).next).toBe('write')
    // What was skipped had been published before: it is known too.
    const hidden = view(undefined, { named: true, cause: { lane: 'manual' } })
    hidden.facts[0]!.needed[0]!.skippedAt = at(5)
    expect(consider(next.doc, place, hidden)).toMatchObject({ next: 'write', doc: { newsAt: at(5) } })
    // Looked at sooner than need be, it is found to wait for less.
    expect(consider({ ...next.doc, due: at(11) }, place, named)).toEqual({ next: 'keep' })
  })

  test('at what waits for something else that is requested lets it wait, complete as it is', () => {
    const next = consider(run(place, { state: 'waiting' }), place, view(version(), { awaits: true }))
    expect(next).toMatchObject({ next: 'write', doc: { state: 'waiting', pending: { bits: [bitsOf(1, () => false)] } } })
    expect('due' in (next as { doc: object }).doc).toBe(false)
    expect('stale' in (next as { doc: object }).doc).toBe(false)
  })

  test('of a run on a night before its partition’s end waits for that', () => {
    const onNight = placeWith([], { onNight: true })
    const bare = (now: number): View => ({ facts: [], now, lookedAt: now, paused: false, named: true })
    expect(consider(undefined, onNight, bare(Date.parse('2024-06-02T12:00Z')))).toMatchObject({
      next: 'write',
      doc: { state: 'waiting', due: Date.parse('2024-06-03') },
    })
    expect(consider(undefined, onNight, bare(Date.parse('2024-06-03'))).next).toBe('claim')
  })

  test('while paused queues what is complete, and leaves what is queued', () => {
    const next = consider(undefined, place, view(version(), { paused: true })) as { next: 'write'; doc: RunDoc }
    expect(next).toMatchObject({ next: 'write', doc: { state: 'queued', generation: 0 } })
    expect(consider(next.doc, place, view(version(), { paused: true }))).toEqual({ next: 'keep' })
    expect(consider(next.doc, place, view(version(), { paused: true, cause: { lane: 'nightly', night: '2024-06-02' } })).next).toBe('write')
    expect(consider(next.doc, place, view(version({ at: at(99) }), { paused: true })).next).toBe('write')
    expect(consider(next.doc, place, view(version())).next).toBe('claim')
  })

  test('tries again what is due, unless it is paused', () => {
    const doc = run(place, {
      state: 'queued',
      generation: 2,
      attempt: 3,
      due: at(9),
      ended: { transient: 3 },
      error: { failure: 'transient', message: '' },
    })
    const next = consider(doc, place, view(undefined))
    expect(next).toMatchObject({
      next: 'claim',
      doc: { state: 'running', generation: 2, attempt: 4, ended: { transient: 3 } },
      queued: doc,
    })
    expect('error' in (next as { doc: object }).doc).toBe(false)
    expect(consider({ ...doc, due: at(9) + 1 }, place, view(undefined))).toEqual({ next: 'keep' })
    expect(consider({ ...doc, due: undefined }, place, view(undefined)).next).toBe('claim')
    expect(consider(doc, place, view(undefined, { paused: true }))).toEqual({ next: 'keep' })
  })

  describe('at a run that is over', () => {
    const newer = version({ number: 2, loud: 2, generation: 2 })
    const over = (more: Partial<RunDoc> = {}) =>
      run(place, {
        state: 'succeeded',
        generation: 1,
        attempt: 1,
        pins: { inputsHash: 'i', inputs: [[[today, today, 1, 1, 1]]], at: at(2) },
        ...more,
      })
    const hold = orders({ mapping: { map: 'same' }, onUpdate: 'hold' })

    test.each(['succeeded', 'failed'] as const)('%s, runs it anew on what is newer than it pinned', state => {
      expect(consider(over({ state }), place, view(newer))).toMatchObject({ next: 'claim', doc: { generation: 2, attempt: 1 } })
      expect(consider(over({ state }), place, view(version()))).toEqual({ next: 'keep' })
      expect(consider(over({ state }), place, view(newer, {}, orders({ onUpdate: 'ignore' })))).toEqual({ next: 'keep' })
    })

    test('holds it for a person, with a notice, where its policy says so', () => {
      const held = consider(over({ noted: nightly }), placeWith([hold]), view(newer, {}, hold)) as { next: 'write'; doc: RunDoc }
      expect(held).toMatchObject({ next: 'write', doc: { state: 'held', cause: nightly, effects: [{ effect: 'notice' }], generation: 1 } })
      expect(held.doc.effects).toHaveLength(1)
      expect('noted' in held.doc).toBe(false)
      expect(consider(held.doc, placeWith([hold]), view(newer, {}, hold))).toEqual({ next: 'keep' })
      const left = consider(over({ effects: [{ effect: 'alert', generation: 1 }] }), placeWith([hold]), view(newer, {}, hold)) as {
        doc: RunDoc
      }
      expect(left.doc.effects).toEqual([{ effect: 'alert', generation: 1 }, { effect: 'notice' }])
    })

    test('runs what is held once another input says so, its notice gone and other effects kept', () => {
      const doc = over({
        state: 'held',
        cause: { lane: 'manual', night: '2024-06-01' },
        effects: [{ effect: 'notice' }, { effect: 'alert', generation: 1 }],
      })
      const next = consider(doc, place, view(newer, { cause: { lane: 'backfill' } })) as { doc: RunDoc }
      expect(next).toMatchObject({ next: 'claim', doc: { cause: { lane: 'manual', night: '2024-06-01' } } })
      expect(next.doc.effects).toEqual([{ effect: 'alert', generation: 1 }])
      const none = consider(over({ state: 'held', effects: [{ effect: 'notice' }] }), place, view(newer)) as { doc: RunDoc }
      expect('effects' in none.doc).toBe(false)
    })

    test('takes the reason from the event, else from what was noted, else from the version', () => {
      const causeFor = (more: Partial<RunDoc>, cause?: Cause) =>
        (
          consider(
            over({ cause: { lane: 'manual' }, ...more }),
            place,
            view(version({ ...newer, cause: { lane: 'backfill', under: ['v'], quiet: true } }), cause ? { cause } : {}),
          ) as { doc: RunDoc }
        ).doc.cause
      expect(causeFor({ noted: { lane: 'manual', under: ['n'] } }, nightly)).toEqual(nightly)
      expect(causeFor({ noted: { lane: 'manual', under: ['n'] } })).toEqual({ lane: 'manual', under: ['n'] })
      expect(causeFor({})).toEqual({ lane: 'backfill', under: ['v'] })
    })

    test('forgets what was noted once it turns out to be nothing new', () => {
      const { noted, ...rest } = over({ noted: nightly })
      expect(consider({ ...rest, noted }, place, view(version()))).toEqual({ next: 'write', doc: rest })
    })

    test('says whether it is about to move', () => {
      const facts = (v: Version) => view(v).facts
      expect(isInMotion(over(), place, facts(newer), at(9))).toBe(true)
      expect(isInMotion(over({ state: 'failed' }), place, facts(newer), at(9))).toBe(true)
      expect(isInMotion(over(), place, facts(version()), at(9))).toBe(false)
      expect(isInMotion(over({ state: 'cancelled' }), place, facts(newer), at(9))).toBe(false)
      expect(isInMotion(over({ state: 'held' }), place, facts(newer), at(9))).toBe(false)
      expect(isInMotion(over({ state: 'running' }), place, facts(version()), at(9))).toBe(true)
      expect(isInMotion(over({ state: 'queued' }), place, facts(version()), at(9))).toBe(true)
      expect(isInMotion(over({ state: 'waiting' }), place, facts(newer), at(9))).toBe(true)
      const lacks = view(undefined).facts
      expect(isInMotion(over({ state: 'waiting' }), place, lacks, at(9))).toBe(false)
      expect(isInMotion(over({ state: 'waiting', stale: [] }), place, lacks, at(9))).toBe(false)
      expect(isInMotion(over({ state: 'waiting', stale: ['a@b'] }), place, lacks, at(9))).toBe(true)
    })
  })
})

describe('an attempt’s end', () => {
  const place = placeFor(0)
  const own = { generation: 2, attempt: 3 }
  const running = (more: Partial<RunDoc> = {}) =>
    run(place, { state: 'running', ...own, lease: at(10), deadline: at(11), permits: ['p'], ...more })
  const ok: Outcome = { ok: true, rows: 5, bytes: 7, schemaHash: 's', at: at(4), hash: 'h' }
  const failed = (failure: 'transient' | 'user' | 'lost', more: object = {}): Outcome => ({ ok: false, failure, message: 'm', ...more })
  const ended = (doc: RunDoc, outcome: Outcome, by = own) => end(doc, place, by, outcome, at(5), 0.5)

  test('is refused of any attempt but the run’s own', () => {
    for (const outcome of [ok, failed('user')]) {
      expect(ended(running(), outcome, { generation: 1, attempt: 3 })).toBeUndefined()
      expect(ended(running(), outcome, { generation: 2, attempt: 2 })).toBeUndefined()
      expect(ended(running({ state: 'cancelled' }), outcome)).toBeUndefined()
    }
  })

  test('that succeeded publishes, and ends all that was of the attempt', () => {
    const pins = { inputsHash: 'i', inputs: [], at: at(2), ancestry: { orders: '5' }, ancestryFile: { key: 'k', hash: 'h' } }
    const doc = ended(
      running({
        pins,
        ended: { lost: 1 },
        error: { failure: 'lost', message: '' },
        requests: ['r'],
        served: ['q'],
        skipped: true,
        effects: [{ effect: 'notice' }],
      }),
      ok,
    )!
    expect(doc.version).toEqual({
      rows: 5,
      bytes: 7,
      schemaHash: 's',
      hash: 'h',
      at: at(4),
      number: 1,
      as: 1,
      loud: 1,
      ...own,
      cause: nightly,
      ancestry: { orders: '5' },
      ancestryFile: { key: 'k', hash: 'h' },
    })
    expect(doc).toMatchObject({ state: 'succeeded', endedAt: at(5), served: ['q', 'r'], pins: { inputsHash: 'i', inputs: [], at: at(2) } })
    expect(doc.pins).toEqual({ inputsHash: 'i', inputs: [], at: at(2) })
    for (const gone of ['lease', 'deadline', 'permits', 'ended', 'error', 'requests', 'effects']) expect(doc).not.toHaveProperty(gone)
    expect(doc.skipped).toBeUndefined()
    expect('ancestryFile' in ended(running(), ok)!.version!).toBe(false)
    expect('pins' in ended(running(), ok)!).toBe(false)
    expect('served' in ended(running(), ok)!).toBe(false)
  })

  test('under a request without downstream counts as the version before it', () => {
    const quiet = { cause: { lane: 'manual', quiet: true } as Cause }
    const first = ended(running(quiet), ok)!.version!
    expect(first).toMatchObject({ number: 1, as: 1, loud: 0 })
    expect('loudAt' in first).toBe(false)
    const before = { ...first, number: 4, as: 3, loud: 3, at: at(1) }
    expect(ended(running({ ...quiet, version: before }), ok)!.version).toMatchObject({ number: 5, as: 3, loud: 3, loudAt: at(1) })
    const loud = ended(running({ version: before }), ok)!.version!
    expect(loud).toMatchObject({ number: 5, as: 5, loud: 5 })
    expect('loudAt' in loud).toBe(false)
  })

  test('for want of memory is tried once more on Spark, unless it was a job of Spark’s', () => {
    const either = { ...place, contract: { ...place.contract, retry: { ...place.contract.retry, resources: 2 } } }
    const lacking: Outcome = { ok: false, failure: 'resources', message: 'm' }
    const endOf = (doc: RunDoc, by: { generation: number; attempt: number; job?: string } = own) => end(doc, either, by, lacking, at(5), 0)
    expect(endOf(running())).toMatchObject({ state: 'queued', due: at(5), ended: { resources: 1 } })
    expect(endOf(running({ ended: { resources: 1 } }))).toMatchObject({ state: 'failed' })
    expect(endOf(running({ job: 'j1' }))).toMatchObject({ state: 'failed' })
    expect(endOf(running(), { ...own, job: 'j1' })).toMatchObject({ state: 'failed' })
  })

  test('keeps of a long message its begin and its end', () => {
    const said = (message: string) => ended(running(), { ok: false, failure: 'user', message })!.error!.message
    expect(said('x'.repeat(600))).toBe('x'.repeat(600))
    expect(said(`${'a'.repeat(500)}${'b'.repeat(300_000)}; set memoryMb to 3538`)).toBe(
      `${'a'.repeat(400)} […] ${'b'.repeat(178)}; set memoryMb to 3538`,
    )
  })

  test('remembers the last eight requests that it served', () => {
    const served = Array.from({ length: 8 }, (_, i) => `s${i}`)
    expect(ended(running({ served, requests: ['a', 'b'] }), ok)!.served).toEqual([...served.slice(2), 'a', 'b'])
  })

  test('that may be tried again queues it, when it is due', () => {
    const retrying = {
      ...place,
      contract: { ...place.contract, retry: { attempts: 2, timeouts: 1, losses: 2, backoffMs: 1000, factor: 2, jitter: 0 } },
    }
    const doc = end(running({ ended: { lost: 1 } }), retrying, own, failed('transient', { code: 'X' }), at(5), 0)!
    expect(doc).toMatchObject({
      state: 'queued',
      due: at(5) + 1000,
      ended: { lost: 1, transient: 1 },
      error: { failure: 'transient', code: 'X', message: 'm' },
      endedAt: at(5),
    })
    expect(doc.error).toEqual({ failure: 'transient', code: 'X', message: 'm' })
    for (const gone of ['lease', 'deadline', 'permits']) expect(doc).not.toHaveProperty(gone)
    const again = end({ ...doc, state: 'running' }, retrying, own, failed('transient'), at(6), 0)!
    expect(again).toMatchObject({ state: 'failed', error: { failure: 'transient' }, endedAt: at(6) })
  })

  test('that failed for good alerts, beside what has still to happen', () => {
    expect(ended(running(), failed('user'))).toMatchObject({ state: 'failed', effects: [{ effect: 'alert', generation: 2 }] })
    expect(ended(running(), failed('user'))!.effects).toHaveLength(1)
    const stop = { effect: 'stop', generation: 1, attempt: 1 } as const
    expect(ended(running({ effects: [stop] }), failed('user'))!.effects).toEqual([stop, { effect: 'alert', generation: 2 }])
  })

  test('by the runtime’s own restart counts to nothing', () => {
    const doc = ended(running({ ended: { lost: 2 } }), failed('lost', { uncounted: true }))!
    expect(doc).toMatchObject({ state: 'queued', due: at(5), ended: { lost: 2 } })
    expect(doc.error).toEqual({ failure: 'lost', message: 'm' })
    expect(ended(running(), failed('lost', { uncounted: true }))!.ended).toEqual({})
  })
})

describe('a worker', () => {
  const place = placeFor(0)
  const own = { generation: 2, attempt: 3 }
  const running = run(place, { state: 'running', ...own, lease: at(1) })

  test('that is a job keeps the attempt alive, and no other job does or ends it', () => {
    const own = { generation: 2, attempt: 3 }
    const at7 = runsAs(running, own, 'j1', at(7))!
    expect(at7).toEqual({ ...running, job: 'j1', lease: at(7) + LEASE_MS })
    expect(runsAs(at7, own, 'j1', at(8))!.lease).toBe(at(8) + LEASE_MS)
    expect(runsAs(at7, own, 'j2', at(8))).toBeUndefined()
    expect(runsAs(running, { ...own, attempt: 2 }, 'j1', at(7))).toBeUndefined()
    const lost = { ok: false, failure: 'lost', message: 'm' } as const
    expect(end(at7, place, { ...own, job: 'j2' }, lost, at(8), 0)).toBeUndefined()
    expect(end(at7, place, { ...own, job: 'j1' }, lost, at(8), 0)).not.toHaveProperty('job')
    expect(end(running, place, { ...own, job: 'j1' }, lost, at(8), 0)).toBeDefined()
    expect(cancel(at7, at(8))!.effects).toEqual([{ effect: 'stop', ...own, job: 'j1' }])
  })

  test('that is alive renews the lease of its own attempt', () => {
    expect(renew(running, own, at(5))).toEqual({ ...running, lease: at(5) + LEASE_MS })
    expect(renew(running, { ...own, attempt: 2 }, at(5))).toBeUndefined()
    expect(renew(running, { ...own, generation: 1 }, at(5))).toBeUndefined()
    expect(renew({ ...running, state: 'succeeded' }, own, at(5))).toBeUndefined()
  })

  test('begins an attempt that no other has begun, and may hand the rest of it on', () => {
    const begun = begin(running, own, at(5))!
    expect(begun).toMatchObject({ begunAt: at(5), lease: at(5) + LEASE_MS })
    expect(begin(begun, own, at(6))).toBeUndefined()
    expect(begin(running, { ...own, attempt: 9 }, at(5))).toBeUndefined()
    const handed = handOn(begun, own, at(7))!
    expect(begin(handed, own, at(8))).toBeDefined()
    expect(handOn(begun, { ...own, attempt: 9 }, at(7))).toBeUndefined()
  })

  test('that is not heard of is lost when its lease is over, out of time a lease’s length after its time', () => {
    const begun = { ...running, begunAt: at(0) }
    expect(silent({ ...begun, state: 'succeeded' }, at(99))).toBeUndefined()
    expect(silent(begun, at(1) - 1)).toBeUndefined()
    expect(silent(begun, at(1))).toMatchObject({ failure: 'lost', code: 'WORKER_LOST' })
    expect(silent(begun, at(1))).not.toHaveProperty('uncounted')
    expect(silent({ ...begun, lease: undefined }, at(99))).toBeUndefined()
    const timed = { ...begun, lease: at(9), deadline: at(1) }
    expect(silent(timed, at(1) + LEASE_MS - 1)).toBeUndefined()
    expect(silent(timed, at(1) + LEASE_MS)).toMatchObject({ failure: 'timeout', code: 'WORKER_LOST' })
  })

  test('that nobody began is lost when its lease is over, whatever its time, and counts for nothing', () => {
    const timed = { ...running, lease: at(9), deadline: at(1) }
    expect(silent(timed, at(9) - 1)).toBeUndefined()
    expect(silent(timed, at(9))).toMatchObject({ failure: 'lost', uncounted: true })
    expect(silent({ ...timed, job: 'j1' }, at(9))).toMatchObject({ failure: 'timeout' })
  })

  test('is told again of an attempt that was claimed a while ago and not begun', () => {
    const claimed = { ...running, startedAt: at(5) }
    const soon = at(5) + 44_999
    expect(isUnbegun(claimed, soon)).toBe(false)
    expect(isUnbegun(claimed, soon + 1)).toBe(true)
    expect(isUnbegun({ ...claimed, begunAt: at(5) }, at(9))).toBe(false)
    expect(isUnbegun({ ...claimed, job: 'j1' }, at(9))).toBe(false)
    expect(isUnbegun({ ...claimed, state: 'queued' }, at(9))).toBe(false)
  })
})

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

describe('a run that a request names, with others that it reads from,', () => {
  const same = orders({ mapping: { map: 'same' } })
  const place = placeWith([same])
  const quiet: Cause = { lane: 'backfill', under: ['r'], quiet: true }
  const pins = { inputsHash: 'i', inputs: [[[today, today, 1, 1, 1]] as [number, number, number, number, number][]], at: at(2) }
  const over = (more: Partial<RunDoc> = {}) => run(place, { state: 'succeeded', generation: 1, attempt: 1, pins, ...more })
  const made = (more: Partial<Version> = {}): Version => {
    const version = { ...versions({ at: at(1) }, { at: at(3), quiet: true }), cause: quiet, requests: ['r'], ...more }
    return version
  }
  const view = (version: Version, more: Partial<View> = {}): View => ({
    facts: [{ input: same, partitioning: days, needed: [{ ordinal: today, version }] }],
    now: at(9),
    lookedAt: at(9),
    paused: false,
    ...more,
  })
  const arrival = (more: Partial<Arrival> = {}): Arrival => ({
    dataset: 'orders',
    ordinal: today,
    number: 2,
    at: at(3),
    cause: quiet,
    ...more,
  })

  test('and does not select is marked, unless it is not there or cancelled', () => {
    for (const state of ['waiting', 'queued', 'running', 'succeeded', 'failed', 'held'] as const)
      expect(nameRun(run(place, { state, named: ['q'] }), undefined, 'r')).toEqual(run(place, { state, named: ['q', 'r'] }))
    for (const doc of [undefined, blankRun(place), run(place, { state: 'cancelled' })]) expect(nameRun(doc, undefined, 'r')).toBeUndefined()
  })

  test('is marked once, and not by what it serves or has served', () => {
    for (const known of ['named', 'requests', 'served']) expect(nameRun(over({ [known]: ['r'] }), undefined, 'r')).toBeUndefined()
  })

  test('and selects is marked where it joined an attempt at work', () => {
    const joined = run(place, { state: 'running', requests: ['r'] })
    expect(nameRun(run(place, { state: 'running' }), joined, 'r')).toEqual({ ...joined, named: ['r'] })
    const retries = run(place, { state: 'queued', ended: { transient: 1 }, requests: ['r'] })
    expect(nameRun(undefined, retries, 'r')).toEqual({ ...retries, named: ['r'] })
    for (const state of ['waiting', 'queued'] as const) expect(nameRun(over(), run(place, { state, requests: ['r'] }), 'r')).toBeUndefined()
  })

  test('hears of what was made without downstream for that request, and for no other', () => {
    for (const state of ['succeeded', 'failed', 'held'] as const) {
      expect(arrive(over({ state }), place, arrival(), at(4))).toEqual(over({ state }))
      expect(arrive(over({ state, named: ['r'] }), place, arrival(), at(4))).toBe('look')
      expect(arrive(over({ state, named: ['r'] }), place, arrival({ requests: ['r'] }), at(4))).toBe('look')
      const other = over({ state, named: ['r'] })
      expect(arrive(other, place, arrival({ requests: ['q'] }), at(4))).toBe(other)
      expect(arrive(other, place, arrival({ number: 1 }), at(4))).toBe(other)
    }
    const working = over({ state: 'running', named: ['r'] })
    expect(arrive(working, place, arrival(), at(4))).toEqual({ ...working, noted: quiet })
    expect(arrive(working, place, arrival({ requests: ['q'] }), at(4))).toBe(working)
  })

  test('runs anew on it, selected by that request, and quietly', () => {
    expect(consider(over(), place, view(made()))).toEqual({ next: 'keep' })
    expect(consider(over({ named: ['q'] }), place, view(made()))).toEqual({ next: 'keep' })
    const next = consider(over({ named: ['r'], requests: ['q'] }), place, view(made())) as { doc: RunDoc; queued: RunDoc }
    expect(next).toMatchObject({ next: 'claim', doc: { generation: 2, cause: quiet, requests: ['q', 'r'] }, queued: { named: ['r'] } })
    expect('named' in next.doc).toBe(false)
    const outdated = over({ named: ['r'], pins: { ...pins, inputsHash: 'other' } })
    expect(consider(outdated, place, view(made())).next).toBe('claim')
    expect(consider(outdated, place, view(made({ at: at(2) })))).toEqual({ next: 'keep' })
  })

  test('waits first for what the request has still to make, wherever it stands', () => {
    for (const state of ['succeeded', 'failed', 'waiting', 'queued'] as const)
      expect(consider(over({ state, named: ['r'] }), place, view(made(), { awaits: true }))).toMatchObject({
        next: 'write',
        doc: { state: 'waiting', named: ['r'], generation: 1 },
      })
  })

  test('tells its readers when it runs anew on what they follow, too, though it was told of the other alone', () => {
    const loud = made({ ...versions({ at: at(1) }, { at: at(3) }), requests: ['r'] })
    const next = consider(over({ named: ['r'], noted: quiet }), place, view(loud)) as { doc: RunDoc }
    expect('quiet' in next.doc.cause!).toBe(false)
  })

  test('stays named where that has not selected all yet, and through what it has begun', () => {
    const next = consider(over({ named: ['q', 'r'] }), place, view(made(), { selecting: ['q'] })) as { doc: RunDoc }
    expect(next.doc).toMatchObject({ named: ['q'], requests: ['r'] })
    const retries = over({ state: 'queued', ended: { transient: 1 }, named: ['r'] })
    expect(consider(retries, place, view(made()))).toMatchObject({ next: 'claim', doc: { attempt: 2, named: ['r'] } })
    const ended = end(
      over({ state: 'running', named: ['r'] }),
      place,
      { generation: 1, attempt: 1 },
      { ok: false, failure: 'user', message: 'm' },
      at(4),
      0,
    )
    expect(ended).toMatchObject({ state: 'failed', named: ['r'] })
  })

  test('follows nothing any more once it is cancelled', () => {
    const cancelled = cancel(over({ state: 'waiting', requests: ['q'], named: ['r'] }), at(4))!
    expect(cancelled).toMatchObject({ state: 'cancelled', served: ['q', 'r'] })
    expect('named' in cancelled).toBe(false)
    expect(nameRun({ ...cancelled, state: 'succeeded' }, undefined, 'r')).toBeUndefined()
  })

  test('forgets requests that have ended, but for whose versions it has still to take', () => {
    const { facts } = view(made())
    const named = over({ named: ['p', 'q', 'r'] })
    expect(withoutEnded(named, place, facts, new Set(['q']))).toEqual(over({ named: ['q', 'r'] }))
    expect(withoutEnded(named, place, facts, new Set(['p', 'q', 'r']))).toBe(named)
    expect(withoutEnded(over({ named: ['p'] }), place, facts, new Set())).toEqual(over())
    const plain = over()
    expect(withoutEnded(plain, place, facts, new Set())).toBe(plain)
  })

  test('looks where it waited for the next of a version it has seen', () => {
    const waiting = run(place, {
      state: 'waiting',
      lookedAt: at(4),
      newsAt: at(4),
      pending: { inputsHash: 'i', bits: [bitsOf(1, () => false)] },
    })
    expect(arrive(waiting, place, arrival(), at(5))).toBe(waiting)
    expect(arrive({ ...waiting, named: ['r'] }, place, arrival(), at(5))).toBe('look')
  })
})

test('a version without downstream says for whom it was made, and those before it since the last that readers follow', () => {
  const place = placeFor(0)
  const quiet: Cause = { lane: 'backfill', quiet: true }
  const publish = (doc: RunDoc, more: Partial<RunDoc>) => {
    const running: RunDoc = { ...doc, state: 'running', generation: doc.generation + 1, attempt: 1, ...more }
    return end(running, place, running, { ok: true, rows: 1, bytes: 1, schemaHash: '', at: at(doc.generation) }, at(9), 0)!
  }
  const first = publish(run(place, {}), { cause: quiet, requests: ['p'] })
  expect(first.version!.requests).toEqual(['p'])
  const second = publish(first, { cause: quiet, requests: ['q'] })
  expect(second.version!.requests).toEqual(['p', 'q'])
  const third = publish(second, { cause: nightly, requests: ['r'] })
  expect('requests' in third.version!).toBe(false)
  expect('requests' in publish(third, { cause: quiet }).version!).toBe(false)
  let doc = second
  for (const id of ['q', '3', '4', '5', '6', '7', '8', '9']) doc = publish(doc, { cause: quiet, requests: [id] })
  expect(doc.version!.requests).toHaveLength(8)
})

test('data from outside is a version like any other, and what is not known of its document stays', () => {
  const made = { ok: true, rows: 1, bytes: 2, schemaHash: 's', at: at(1) } as const
  const first = delivered(undefined, 'orders', '2024-06-02', made, 1)
  expect(first).toMatchObject({
    v: 1,
    dataset: 'orders',
    partition: '2024-06-02',
    generation: 1,
    attempt: 1,
    version: { number: 1, generation: 1, attempt: 1, cause: nightly, ancestry: {} },
  })
  const second = delivered({ ...first, unknown: 5, cause: { lane: 'manual', quiet: true } } as RunDoc, 'orders', '2024-06-02', made, 4)
  expect(second).toMatchObject({ unknown: 5, generation: 4, attempt: 1, version: { number: 2, as: 2, loud: 2, generation: 4 } })
})

describe('a retry after a deployment that changed the inputs', () => {
  const place = placeFor(0)
  const pins = { inputsHash: 'other inputs', inputs: [[[1, 1, 1, 1, 1]]] as never, at: at(0) }
  const queued = run(place, {
    state: 'queued',
    generation: 1,
    attempt: 1,
    ended: { transient: 1 },
    due: at(2),
    pins,
    noted: { lane: 'manual' },
  })
  const version = versions({ at: at(1) })
  const look = (doc: RunDoc, more: Partial<Parameters<typeof consider>[2]> = {}, has = true) =>
    consider(doc, place, {
      facts: [{ input: place.contract.inputs[0]!, partitioning: days, needed: [{ ordinal: place.ordinal, ...(has && { version }) }] }],
      now: at(3),
      lookedAt: at(3),
      paused: false,
      ...more,
    })

  test('is a new generation, on the inputs that the task has now', () => {
    expect(look(queued)).toMatchObject({
      next: 'claim',
      doc: { state: 'running', generation: 2, attempt: 1, pins: { inputsHash: 'i', inputs: [[[place.ordinal, place.ordinal, 1, 2, 1]]] } },
    })
    expect(look({ ...queued, pins: { ...pins, inputsHash: 'i' } })).toMatchObject({ next: 'claim', doc: { generation: 1, attempt: 2 } })
  })
  test('comes when it is due', () => {
    expect(look(queued, { now: at(2) - 1 })).toEqual({ next: 'keep' })
    expect(look(queued, { now: at(2) })).toMatchObject({ next: 'claim' })
  })
  test('brings the reason that was noted while it was at work', () => {
    expect(look(queued)).toMatchObject({ doc: { cause: { lane: 'nightly' } } })
    expect(look({ ...queued, cause: { lane: 'backfill' } })).toMatchObject({ doc: { cause: { lane: 'manual' } } })
  })
  test('waits for what is not there, and while the task is paused', () => {
    const waiting = look(queued, {}, false) as { doc: RunDoc }
    expect(waiting.doc).toMatchObject({ state: 'waiting', generation: 1 })
    expect(isAtWork(waiting.doc)).toBe(false)
    const paused = look(queued, { paused: true }) as { doc: RunDoc }
    expect(paused.doc.state).toBe('queued')
    expect(isAtWork(paused.doc)).toBe(false)
  })
})

test('a generation is at work while it runs or waits to be retried', () => {
  const place = placeFor(0)
  expect(isAtWork(run(place, { state: 'running' }))).toBe(true)
  expect(isAtWork(run(place, { state: 'queued', ended: {} }))).toBe(true)
  expect(isAtWork(run(place, { state: 'queued' }))).toBe(false)
  expect(isAtWork(run(place, { state: 'waiting', ended: {} }))).toBe(false)
})
