import { begin, delivered, end, handOn, isUnbegun, LEASE_MS, type Outcome, renew, runsAs, silent } from '../../shared/core/attempt.ts'
import { cancel } from '../../shared/core/operate.ts'
import { type Cause, isAtWork, type RunDoc } from '../../shared/core/run.ts'
import { at, nightly, placeFor, run } from './runs.ts'

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

test('a generation is at work while it runs or waits to be retried', () => {
  const place = placeFor(0)
  expect(isAtWork(run(place, { state: 'running' }))).toBe(true)
  expect(isAtWork(run(place, { state: 'queued', ended: {} }))).toBe(true)
  expect(isAtWork(run(place, { state: 'queued' }))).toBe(false)
  expect(isAtWork(run(place, { state: 'waiting', ended: {} }))).toBe(false)
})
