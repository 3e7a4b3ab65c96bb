import fc from 'fast-check'
import { acquire, type Candidate, compareCandidates, type LimitDoc, newLimit, refill, release } from '../../shared/core/limit.ts'

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
  expect(again).toMatchObject({ granted: false, owned: false, handed: [] })
  expect(release(again.doc, { dataset: 'clean', partition: 'p1', token: 'other' }, 0).changed).toBe(false)
  expect(release(first.doc, { dataset: 'clean', partition: 'p1', token: 't1' }, 0).doc.holders).toEqual([])
})

test('who was refused for another taker of the same attempt hears of it when that one gives the place back', () => {
  const first = acquire(newLimit(2), candidate(1), begins(1), 0)
  const again = acquire(first.doc, candidate(1), { ...begins(1), token: 'other' }, 0)
  expect(again.doc.holders).toHaveLength(1)
  const { handed } = release(again.doc, { dataset: 'clean', partition: 'p1', token: 't1' }, 0)
  expect(handed).toMatchObject([{ dataset: 'clean', partition: 'p1' }])
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
          if (doc.more && doc.waiting.length === 0) doc = refill(doc, queued(), 0).doc
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
