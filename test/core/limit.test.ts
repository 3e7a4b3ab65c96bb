import fc from 'fast-check'
import {
  acquire,
  type Candidate,
  compareCandidates,
  handOn,
  isShort,
  type LimitDoc,
  newLimit,
  refill,
  release,
  type Swapped,
} from '../../shared/core/limit.ts'

const candidate = (n: number, more: Partial<Candidate> = {}): Candidate => ({
  dataset: 'clean',
  partition: `p${n}`,
  task: 'clean-orders',
  lane: 'backfill',
  order: n,
  depth: 0,
  ...more,
})
const begins = (n: number, attempt = 1) => ({ generation: 1, attempt, token: `t${n}` })
const over = (n: number, attempt = 1) => ({ dataset: 'clean', partition: `p${n}`, generation: 1, attempt })
const take = (doc: LimitDoc, n: number, more?: Partial<Candidate>) => acquire(doc, candidate(n, more), begins(n), 0)

const left = (doc: LimitDoc): Swapped => ({ doc, handed: [], changed: false })
/** As the swap of a limit does: a list that is short is filled again. */
const filled = (swapped: Swapped, queued: readonly Candidate[]): Swapped => {
  if (!isShort(swapped)) return swapped
  const full = refill(swapped, queued, 0)
  return { ...full, handed: [...swapped.handed, ...full.handed] }
}

test('the swap that refuses also enqueues, the swap that frees also hands on', () => {
  const first = take(newLimit(1), 1)
  expect(first.granted).toBe(true)
  const second = take(first.doc, 2)
  expect(second.granted).toBe(false)
  expect(second.doc.waiting.map(w => w.partition)).toEqual(['p2'])
  const freed = release(second.doc, over(1), 0)
  expect(freed.handed.map(h => h.partition)).toEqual(['p2'])
  expect(freed.doc.holders.map(h => h.partition)).toEqual(['p2'])
})

test('asking twice changes nothing', () => {
  const held = take(newLimit(1), 1).doc
  expect(take(held, 1)).toMatchObject({ doc: held, granted: true, owned: true, changed: false })
  const waits = take(held, 2).doc
  expect(take(waits, 2).changed).toBe(false)
})

test('the same attempt, begun twice at once, has one place, and only its taker gives it back', () => {
  const first = acquire(newLimit(1), candidate(1), begins(1), 0)
  const again = acquire(first.doc, candidate(1), { ...begins(1), token: 'other' }, 0)
  expect(again).toMatchObject({ granted: false, owned: false, taken: true, handed: [] })
  expect(release(again.doc, { dataset: 'clean', partition: 'p1', token: 'other' }, 0).changed).toBe(false)
  expect(release(first.doc, { dataset: 'clean', partition: 'p1', token: 't1' }, 0).doc.holders).toEqual([])
})

test('whoever read the run as it was takes no place from its later attempt', () => {
  const held = acquire(newLimit(1), candidate(1), begins(1, 2), 0).doc
  for (const earlier of [begins(2, 1), { ...begins(2, 9), generation: 0 }]) {
    const refused = acquire(held, candidate(1), earlier, 0)
    expect(refused).toMatchObject({ doc: held, granted: false, owned: false, taken: true, changed: false })
    expect(release(refused.doc, { dataset: 'clean', partition: 'p1', token: 't2' }, 0).changed).toBe(false)
  }
})

test('who was refused for another taker of the same attempt hears of it when that one gives the place back', () => {
  const first = acquire(newLimit(2), candidate(1), begins(1), 0)
  const again = acquire(first.doc, candidate(1), { ...begins(1), token: 'other' }, 0)
  expect(again.doc.holders).toHaveLength(1)
  const { handed } = release(again.doc, { dataset: 'clean', partition: 'p1', token: 't1' }, 0)
  expect(handed).toMatchObject([{ dataset: 'clean', partition: 'p1' }])
})

test('who waits though he has a place keeps nobody from a free one', () => {
  const first = acquire(newLimit(2), candidate(1), begins(1), 0)
  const again = acquire(first.doc, candidate(1), { ...begins(1), token: 'other' }, 0).doc
  expect(again.waiting).toEqual([candidate(1)])
  expect(take(again, 2)).toMatchObject({ granted: true, handed: [] })
})

test('a place that was handed over is freed by whoever finds that the run does not start', () => {
  const handed = release(take(take(newLimit(1), 1).doc, 2).doc, over(1), 0)
  expect(release(handed.doc, { dataset: 'clean', partition: 'p2', token: 'any' }, 0).doc.holders).toEqual([])
})

test('a retry takes over the place of the attempt before it, and the late word of that one’s end frees nothing', () => {
  const waiting = take(take(newLimit(1), 1).doc, 2).doc
  const retried = acquire(waiting, candidate(1), begins(1, 2), 0)
  expect(retried).toMatchObject({ granted: true, owned: true, handed: [] })
  expect(release(retried.doc, over(1, 1), 0).changed).toBe(false)
})

test('a retry does not go before who is ahead of it: it queues, and the place is handed on', () => {
  const waiting = take(take(newLimit(1), 1).doc, 2, { lane: 'nightly' }).doc
  const retried = acquire(waiting, candidate(1), begins(1, 2), 0)
  expect(retried).toMatchObject({ granted: false, handed: [{ partition: 'p2' }] })
  expect(retried.doc.waiting.map(w => w.partition)).toEqual(['p1'])
})

test('first the lane, then the oldest partition, then upstream', () => {
  const order = [
    candidate(9, { lane: 'nightly' }),
    candidate(1, { lane: 'manual' }),
    candidate(1),
    candidate(1, { depth: 1, task: 'a' }),
    candidate(2),
  ]
  expect([...order].reverse().sort(compareCandidates)).toEqual(order)
})

test('never more hold than may, and nobody who waits is forgotten', () => {
  const operation = fc.oneof(
    fc.record({ take: fc.nat(150), lane: fc.constantFrom('nightly' as const, 'backfill' as const) }),
    fc.record({ free: fc.nat(150) }),
  )
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(operation, { maxLength: 400 }), (limit, operations) => {
      let doc = newLimit(limit)
      const wanting = new Set<string>()
      const queued = () => [...wanting].filter(p => !doc.holders.some(h => h.partition === p)).map(p => candidate(Number(p.slice(1))))
      for (const o of operations) {
        if ('take' in o) {
          wanting.add(`p${o.take}`)
          doc = take(doc, o.take, { lane: o.lane }).doc
        } else {
          const run = over(o.free)
          if (!doc.holders.some(h => h.partition === run.partition)) continue
          // Whoever was handed a place takes it first.
          doc = take(doc, o.free).doc
          wanting.delete(run.partition)
          doc = release(doc, run, 0).doc
          doc = filled({ doc, handed: [], changed: false }, queued()).doc
        }
        expect(doc.holders.length).toBeLessThanOrEqual(limit)
        expect(doc.waiting.length).toBeLessThanOrEqual(100)
        const free = doc.holders.length < limit
        if (free) expect(doc.waiting).toEqual([])
        const listed = new Set([...doc.holders, ...doc.waiting].map(c => c.partition))
        if (!doc.more) for (const p of wanting) expect(listed.has(p)).toBe(true)
      }
    }),
    { numRuns: 200 },
  )
})

test('a place goes to whoever is first of all who wait, whether he is listed or not', () => {
  const partition = fc.nat(999)
  const lane = fc.constantFrom('nightly' as const, 'backfill' as const)
  // More than are listed; then some come and more go.
  const many = fc.uniqueArray(partition, { minLength: 105, maxLength: 180, size: 'max' })
  // Between the swap that refuses a run and the write that makes it queued others may swap.
  const later = fc.array(fc.record({ comes: partition, lane, go: fc.nat(3), lag: fc.nat(3) }), {
    minLength: 60,
    maxLength: 120,
    size: 'max',
  })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), many, later, (limit, first, rest) => {
      let doc = newLimit(limit)
      const queued = new Map<string, Candidate>()
      let refused: { one: Candidate; lag: number }[] = []
      const running: string[] = []
      const begins = (one: Candidate) => ({ generation: 1, attempt: 1, token: one.partition })
      const isThere = (partition: string) =>
        queued.has(partition) || running.includes(partition) || refused.some(r => r.one.partition === partition)
      const settle = (isWritten: (r: { one: Candidate; lag: number }) => boolean) => {
        for (const r of refused.filter(isWritten)) queued.set(r.one.partition, r.one)
        refused = refused.filter(r => !isWritten(r))
      }
      const start = (one: Candidate) => {
        const before = [...queued.values()].find(other => compareCandidates(other, one) < 0)
        if (before) throw new Error(`${one.partition} goes before ${before.partition}`)
        queued.delete(one.partition)
        running.push(one.partition)
      }
      /** Writes what a swap came to; whoever was handed a place takes it. */
      const write = (swapped: Swapped) => {
        const { doc: next, handed } = filled(swapped, [...queued.values()])
        doc = next
        for (const r of refused) r.lag--
        settle(r => r.lag < 0)
        return () => {
          for (const h of handed) {
            settle(r => r.one.partition === h.partition)
            const one = queued.get(h.partition)!
            const taken = acquire(doc, one, begins(one), 0)
            if (!taken.granted) throw new Error(`${h.partition} is refused the place that it was handed`)
            doc = taken.doc
            start(one)
          }
        }
      }
      const ask = (one: Candidate, lag = 0) => {
        if (isThere(one.partition)) return
        const asked = acquire(doc, one, begins(one), 0)
        const take = write(asked)
        if (asked.granted) return start(one)
        refused.push({ one, lag })
        settle(r => r.lag === 0)
        take()
      }
      const end = () => {
        const partition = running.shift()
        if (partition !== undefined) write(release(doc, { dataset: 'clean', partition, generation: 1, attempt: 1 }, 0))()
      }
      for (const n of first) ask(candidate(n))
      for (const { comes, lane, go, lag } of rest) {
        ask(candidate(comes, { lane }), lag)
        for (let n = 0; n < go; n++) end()
      }
      settle(() => true)
      while (running.length > 0) end()
      expect([...queued.keys()]).toEqual([])
    }),
    // Worlds of this size shrink for minutes.
    { numRuns: 100, endOnFailure: true },
  )
})

describe('who waits', () => {
  const waiting = (doc: LimitDoc) => doc.waiting.map(w => w.partition)

  test('stands once in the list, at what it is now', () => {
    const twice = take(take(take(newLimit(1), 1).doc, 5).doc, 3).doc
    expect(waiting(twice)).toEqual(['p3', 'p5'])
    const sooner = take(twice, 5, { lane: 'nightly' })
    expect(sooner).toMatchObject({ granted: false, owned: false, changed: true })
    expect(waiting(sooner.doc)).toEqual(['p5', 'p3'])
  })

  test('goes by its task’s name and then its partition’s where nothing else differs', () => {
    const [a, b] = [candidate(1, { task: 'a' }), candidate(1, { task: 'b' })]
    expect([compareCandidates(a, b), compareCandidates(b, a)]).toEqual([-1, 1])
    const [p, q] = [candidate(1, { partition: 'p' }), candidate(1, { partition: 'q' })]
    expect([compareCandidates(p, q), compareCandidates(q, p), compareCandidates(p, p)]).toEqual([-1, 1, 0])
  })

  test('is a run of that dataset and that partition, and no other', () => {
    const held = take(newLimit(1), 1).doc
    expect(release(held, { ...over(1), dataset: 'other' }, 0).changed).toBe(false)
    expect(release(held, { ...over(1), partition: 'p2' }, 0).changed).toBe(false)
    expect(release(held, { ...over(1), generation: 2 }, 0).changed).toBe(false)
    expect(release(held, over(1), 0).changed).toBe(true)
    // Another dataset's run of the same partition is another run.
    expect(take(held, 1, { dataset: 'other' }).granted).toBe(false)
  })

  test('has a free place taken only by who is ahead of all', () => {
    const doc: LimitDoc = { ...newLimit(2), holders: take(newLimit(2), 1).doc.holders, waiting: [candidate(2)] }
    expect(take(doc, 3)).toMatchObject({ granted: false, handed: [{ partition: 'p2' }] })
    expect(take(doc, 1.5 as number).granted).toBe(true)
    // Who is listed already takes its place out of the list.
    const own = take(doc, 2)
    expect(own).toMatchObject({ granted: true, owned: true, changed: true, handed: [] })
    expect(waiting(own.doc)).toEqual([])
  })

  test('past a hundred is not listed, with a mark that there are more', () => {
    let doc = take(newLimit(1), 0).doc
    for (let n = 1; n <= 100; n++) doc = take(doc, n).doc
    expect(doc.waiting).toHaveLength(100)
    expect(doc.more).toBeUndefined()
    const last = take(doc, 101)
    expect(last).toMatchObject({ granted: false, changed: true, doc: { more: true } })
    expect(waiting(last.doc)).not.toContain('p101')
    expect(take(last.doc, 102).changed).toBe(false)
    expect(waiting(take(last.doc, 0.5).doc)).toContain('p0.5')
    expect(take(last.doc, 0.5).doc.waiting).toHaveLength(100)
    // What is marked stays marked though the list grows shorter.
    expect(release(last.doc, over(0), 0).doc).toMatchObject({ more: true })
    expect(take(release(last.doc, over(0), 0).doc, 1).doc.more).toBe(true)
  })

  test('comes after the last listed while more wait: is not listed, nor given a free place', () => {
    const doc: LimitDoc = { ...newLimit(5), holders: take(newLimit(5), 0).doc.holders, waiting: [candidate(1), candidate(2)], more: true }
    const beyond = take(doc, 9)
    expect(beyond).toMatchObject({ granted: false, handed: [{ partition: 'p1' }, { partition: 'p2' }], unlisted: { partition: 'p9' } })
    expect(waiting(beyond.doc)).toEqual([])
    expect(take(doc, 1.5).granted).toBe(true)
    const last = take({ ...doc, limit: 1 }, 2)
    expect(last).toMatchObject({ granted: false, changed: false })
    expect(waiting(last.doc)).toEqual(['p1', 'p2'])
    expect('unlisted' in last).toBe(false)
  })

  test('is left out of a list that is short: it is filled again with him, once', () => {
    const listed = (n: number): LimitDoc => ({ ...newLimit(1), waiting: Array.from({ length: n }, (_, i) => candidate(i)), more: true })
    expect([0, 1].map(n => isShort(left(listed(n))))).toEqual([true, false])
    expect([49, 50].map(n => isShort({ ...left(listed(n)), unlisted: candidate(99) }))).toEqual([true, false])
    expect(isShort({ ...left({ ...listed(0), more: undefined }), unlisted: candidate(99) })).toBe(false)
    const held = { ...listed(1), holders: take(newLimit(1), 5).doc.holders }
    const full = refill({ ...left(held), unlisted: candidate(9) }, [candidate(9, { lane: 'nightly' }), candidate(7)], 0)
    expect(full.doc.waiting).toEqual([candidate(0), candidate(7), candidate(9)])
    // Another may have been left out and not be queued yet; whoever finds the list empty takes the mark away.
    expect(full.doc.more).toBe(true)
    expect('more' in refill({ ...left(listed(0)), unlisted: candidate(9) }, [], 0).doc).toBe(false)
  })

  test('is put back on an emptied list, first who goes first, no one twice', () => {
    const emptied: LimitDoc = { ...newLimit(1), more: true }
    const queued = Array.from({ length: 102 }, (_, n) => candidate(102 - n))
    const full = filled(left(emptied), queued)
    expect(full.handed.map(h => h.partition)).toEqual(['p1'])
    expect(full.changed).toBe(true)
    expect(waiting(full.doc).slice(0, 2)).toEqual(['p2', 'p3'])
    expect(full.doc.waiting).toHaveLength(99)
    expect(full.doc.more).toBe(true)
    const few = refill(left({ ...emptied, waiting: [candidate(2)] }), [candidate(2), candidate(3), candidate(1)], 0)
    expect(few.handed.map(h => h.partition)).toEqual(['p1'])
    expect(waiting(few.doc)).toEqual(['p2', 'p3'])
    expect('more' in few.doc).toBe(false)
    expect(refill(left(few.doc), [candidate(1)], 0).doc.holders).toHaveLength(1)
    expect(waiting(refill(left(few.doc), [candidate(1)], 0).doc)).toEqual(['p2', 'p3'])
    expect('more' in refill(left(emptied), queued.slice(0, 100), 0).doc).toBe(false)
  })
})

test('a place is kept for half an hour from when it is taken or handed over', () => {
  const now = 1_000_000
  const held = acquire(newLimit(1), candidate(1), begins(1), now).doc
  expect(held.holders[0]).toMatchObject({ until: now + 1_800_000, token: 't1', generation: 1, attempt: 1, task: 'clean-orders' })
  const handed = release(acquire(held, candidate(2), begins(2), now).doc, over(1), now + 5).doc
  const { lane, order, depth } = candidate(2)
  expect(handed.holders).toEqual([
    { dataset: 'clean', partition: 'p2', task: 'clean-orders', until: now + 5 + 1_800_000, handed: { lane, order, depth } },
  ])
})

test('of a later generation or attempt the place of the one before is taken over', () => {
  const held = take(newLimit(1), 1).doc
  const next = acquire(held, candidate(1), { generation: 2, attempt: 1, token: 't' }, 0)
  expect(next).toMatchObject({ granted: true, owned: true, changed: true, handed: [] })
  expect(next.doc.holders).toHaveLength(1)
  expect(next.doc.holders[0]).toMatchObject({ generation: 2, token: 't' })
})

test('handing on with nobody waiting, or no place free, changes nothing', () => {
  const free = newLimit(1)
  expect(handOn(free, 0)).toEqual({ doc: free, handed: [], changed: false })
  const full = take(take(newLimit(1), 1).doc, 2).doc
  expect(handOn(full, 0)).toEqual({ doc: full, handed: [], changed: false })
  // Fewer places than holders: a limit that was lowered.
  expect(handOn({ ...full, limit: 0 }, 0).handed).toEqual([])
})

test('a place that was handed to a run is taken by whoever begins it, past all who wait', () => {
  const handed = release(take(take(newLimit(1), 1).doc, 9).doc, over(1), 0).doc
  const others = { ...handed, waiting: [candidate(2), candidate(9)] }
  const taken = acquire(others, candidate(9), begins(9), 0)
  expect(taken).toMatchObject({ granted: true, owned: true, changed: true, handed: [] })
  expect(taken.doc.holders).toEqual([expect.objectContaining({ partition: 'p9', token: 't9' })])
  expect(taken.doc.waiting.map(w => w.partition)).toEqual(['p2'])
})

test('what was handed to who comes later, and is not taken yet, goes to who comes first; the other waits again', () => {
  const handed = release(take(take(newLimit(1), 1).doc, 3).doc, over(1), 0).doc
  const taken = take(handed, 2)
  expect(taken).toMatchObject({ granted: true, owned: true, handed: [], doc: { holders: [{ partition: 'p2', token: 't2' }] } })
  expect(taken.doc.waiting).toEqual([candidate(3)])
  expect(take(taken.doc, 3)).toMatchObject({ granted: false, changed: false })
  // Not what is taken, nor of who comes first.
  expect(take(take(handed, 3).doc, 2).granted).toBe(false)
  expect(take(handed, 4).granted).toBe(false)
})
