import { type Arrival, arrive } from '../../shared/core/arrive.ts'
import { end, LEASE_MS, RENEW_MS } from '../../shared/core/attempt.ts'
import { bitsOf } from '../../shared/core/bits.ts'
import { consider, isInMotion, type View, withoutEnded } from '../../shared/core/follow.ts'
import { cancel, nameRun } from '../../shared/core/operate.ts'
import { blankRun } from '../../shared/core/place.ts'
import { type Cause, isAtWork, type RunDoc, type Version } from '../../shared/core/run.ts'
import { at, days, nightly, orders, placeFor, placeWith, run, today, versions } from './runs.ts'

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
    expect(consider(run(place, { state: 'cancelled' }), place, view(version(), { calledFor: true })).next).toBe('claim')
    expect(consider(undefined, place, view(undefined))).toEqual({ next: 'keep' })
    expect(consider(undefined, place, view(version({ loud: 0 })))).toEqual({ next: 'keep' })
    expect(
      consider(undefined, placeWith([orders({ mapping: { map: 'latest' } })]), view(version(), {}, orders({ mapping: { map: 'latest' } }))),
    ).toEqual({
      next: 'keep',
    })
  })

  test('writes down what a named run waits for, once', () => {
    const named = view(undefined, { calledFor: true, cause: { lane: 'manual' } })
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
    const hidden = view(undefined, { calledFor: true, cause: { lane: 'manual' } })
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
    const bare = (now: number): View => ({ facts: [], now, lookedAt: now, paused: false, calledFor: true })
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

  test('and does not select is marked, there or not, unless it is cancelled', () => {
    for (const state of ['waiting', 'queued', 'running', 'succeeded', 'failed', 'held'] as const)
      expect(nameRun(run(place, { state, named: ['q'] }), place, undefined, 'r')).toEqual(run(place, { state, named: ['q', 'r'] }))
    expect(nameRun(run(place, { state: 'cancelled' }), place, undefined, 'r')).toBeUndefined()
    for (const doc of [undefined, blankRun(place)])
      expect(nameRun(doc, place, undefined, 'r')).toEqual({ ...blankRun(place), named: ['r'] })
  })

  test('is marked once, and not by what it serves or has served', () => {
    for (const known of ['named', 'requests', 'served']) expect(nameRun(over({ [known]: ['r'] }), place, undefined, 'r')).toBeUndefined()
  })

  test('and selects is marked where it joined an attempt at work', () => {
    const joined = run(place, { state: 'running', requests: ['r'] })
    expect(nameRun(run(place, { state: 'running' }), place, joined, 'r')).toEqual({ ...joined, named: ['r'] })
    const retries = run(place, { state: 'queued', ended: { transient: 1 }, requests: ['r'] })
    expect(nameRun(undefined, place, retries, 'r')).toEqual({ ...retries, named: ['r'] })
    for (const state of ['waiting', 'queued'] as const)
      expect(nameRun(over(), place, run(place, { state, requests: ['r'] }), 'r')).toBeUndefined()
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
    expect(nameRun({ ...cancelled, state: 'succeeded' }, place, undefined, 'r')).toBeUndefined()
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
