import type { RunDoc } from '../../shared/core/run.ts'
import type { Change, Feed, Key, Ledger } from '../../shared/ports/ledger.ts'

/** A ledger under test, with its feed; `reopen` is what another process, or the next one, would see. */
export interface LedgerUnderTest {
  ledger: Ledger
  feed: Feed
  reopen(): Promise<LedgerUnderTest>
  close(): Promise<void>
}

const key = (sk: string, pk = 'run/clean'): Key => ({ pk, sk })
const run = (partition: string, more: Partial<RunDoc> = {}): RunDoc => ({
  v: 1,
  dataset: 'clean',
  partition,
  task: 'clean-orders',
  state: 'waiting',
  generation: 0,
  attempt: 0,
  ...more,
})
const published = (partition: string, number: number, at: number, more: Partial<RunDoc> = {}): RunDoc =>
  run(partition, {
    state: 'succeeded',
    version: {
      number,
      as: number,
      loud: number,
      generation: number,
      attempt: 1,
      rows: 1,
      bytes: 1,
      schemaHash: '',
      at,
      cause: { lane: 'nightly' },
      ancestry: {},
    },
    ...more,
  })

/** What every ledger does. The feed is opened to changes that publish a version, as `matters` of the relay lets through. */
export function ledgerConformance(name: string, open: () => Promise<LedgerUnderTest>): void {
  describe(`the ledger: ${name}`, () => {
    let under: LedgerUnderTest
    let ledger: Ledger
    beforeEach(async () => {
      under = await open()
      ledger = under.ledger
    })
    afterEach(() => under.close())

    test('a document that is not there has no revision, and is made with revision 0', async () => {
      expect(await ledger.get(key('2001-02-14'))).toBeUndefined()
      expect(await ledger.put(key('2001-02-14'), run('2001-02-14'), 0)).toBe(true)
      expect(await ledger.get(key('2001-02-14'))).toEqual({ key: key('2001-02-14'), rev: 1, doc: run('2001-02-14') })
    })

    test('a write succeeds only on the revision that was read', async () => {
      await ledger.put(key('a'), run('a'), 0)
      expect(await ledger.put(key('a'), run('a', { state: 'queued' }), 0)).toBe(false)
      expect(await ledger.put(key('a'), run('a', { state: 'queued' }), 2)).toBe(false)
      expect(await ledger.put(key('a'), run('a', { state: 'running' }), 1)).toBe(true)
      expect(await ledger.get<RunDoc>(key('a'))).toMatchObject({ rev: 2, doc: { state: 'running' } })
      expect(await ledger.put(key('never'), run('never'), 3)).toBe(false)
    })

    test('of many who swap at once each wins exactly once', async () => {
      await ledger.put(key('n', 'limit'), { count: 0 }, 0)
      const add = async () => {
        for (;;) {
          const stored = (await ledger.get<{ count: number }>(key('n', 'limit')))!
          if (await ledger.put(stored.key, { count: stored.doc.count + 1 }, stored.rev)) return
        }
      }
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          for (let i = 0; i < 5; i++) await add()
        }),
      )
      expect(await ledger.get(key('n', 'limit'))).toMatchObject({ rev: 51, doc: { count: 50 } })
    })

    test('fields it does not know are kept as they are', async () => {
      const doc = { ...run('a'), later: { nested: [1, 'two', null, true] }, 'Ünïcode 🛫': 'ж' }
      await ledger.put(key('a'), doc, 0)
      expect((await ledger.get(key('a')))!.doc).toEqual(doc)
    })

    test('many are read in the order asked', async () => {
      await ledger.put(key('a'), run('a'), 0)
      await ledger.put(key('c'), run('c'), 0)
      expect((await ledger.getMany<RunDoc>([key('c'), key('b'), key('a')])).map(s => s?.doc.partition)).toEqual(['c', undefined, 'a'])
      expect(await ledger.getMany([])).toEqual([])
    })

    test('more are read at once than one request of any store takes', async () => {
      const keys = Array.from({ length: 230 }, (_, i) => key(String(i).padStart(3, '0')))
      for (const k of keys) await ledger.put(k, run(k.sk), 0)
      expect((await ledger.getMany<RunDoc>(keys)).map(s => s?.doc.partition)).toEqual(keys.map(k => k.sk))
    })

    test('a range of a partition key, both ends included, either way, and no more than asked', async () => {
      for (const sk of ['2001-02-14', '2001-02-12', '2001-02-13', '2001-02-15']) await ledger.put(key(sk), run(sk), 0)
      await ledger.put(key('2001-02-13', 'run/other'), run('2001-02-13'), 0)
      const found = async (range: Parameters<Ledger['query']>[1]) => (await ledger.query('run/clean', range)).map(s => s.key.sk)
      expect(await found({})).toEqual(['2001-02-12', '2001-02-13', '2001-02-14', '2001-02-15'])
      expect(await found({ from: '2001-02-13', to: '2001-02-14' })).toEqual(['2001-02-13', '2001-02-14'])
      expect(await found({ descending: true, limit: 2 })).toEqual(['2001-02-15', '2001-02-14'])
      expect(await found({ descending: true, to: '2001-02-13' })).toEqual(['2001-02-13', '2001-02-12'])
    })

    test('runs are found by task and state, and are gone from there when they change', async () => {
      await ledger.put(key('a'), run('a'), 0)
      await ledger.put(key('b'), run('b', { state: 'running' }), 0)
      await ledger.put(key('x', 'run/other'), run('x', { task: 'other' }), 0)
      expect(await ledger.runsInState('clean-orders', ['waiting'])).toEqual([key('a')])
      expect(await ledger.runsInState('clean-orders', ['running', 'waiting'])).toEqual(expect.arrayContaining([key('a'), key('b')]))
      await ledger.put(key('a'), published('a', 1, 5), 1)
      expect(await ledger.runsInState('clean-orders', ['waiting'])).toEqual([])
    })

    test('partitions are found by when they were published', async () => {
      await ledger.put(key('a'), published('a', 1, 100), 0)
      await ledger.put(key('b'), published('b', 1, 200), 0)
      await ledger.put(key('c'), run('c'), 0)
      expect(await ledger.publishedSince('clean', 150)).toEqual([key('b')])
      expect(await ledger.publishedSince('clean', 100)).toEqual([key('a'), key('b')])
      expect(await ledger.publishedSince('other', 0)).toEqual([])
    })

    test('documents with effects still to happen are found', async () => {
      await ledger.put(key('a'), run('a', { state: 'failed', effects: [{ effect: 'alert', generation: 1 }] }), 0)
      await ledger.put(key('b'), run('b', { state: 'failed' }), 0)
      expect(await ledger.withEffects('run/clean')).toEqual([key('a')])
      await ledger.put(key('a'), run('a', { state: 'failed' }), 1)
      expect(await ledger.withEffects('run/clean')).toEqual([])
    })

    test('the feed has every change that matters, in each document’s order, until it is acknowledged', async () => {
      await ledger.put(key('a'), run('a'), 0)
      await ledger.put(key('a'), published('a', 1, 5), 1)
      await ledger.put(key('b'), published('b', 1, 6), 0)
      await ledger.put(key('a'), published('a', 2, 7), 2)
      const numbers = (changes: Change[], sk: string) => changes.filter(c => c.key.sk === sk).map(c => (c.after as RunDoc).version!.number)
      const { changes, upTo } = await under.feed.read(100)
      expect(numbers(changes, 'a')).toEqual([1, 2])
      expect(numbers(changes, 'b')).toEqual([1])
      expect(changes.find(c => c.key.sk === 'a')).toMatchObject({ before: run('a'), after: published('a', 1, 5) })
      expect((await under.feed.read(100)).changes).toHaveLength(3)
      await under.feed.acknowledge(upTo)
      expect((await under.feed.read(100)).changes).toEqual([])
    })

    test('a refused write leaves nothing in the feed', async () => {
      await ledger.put(key('a'), published('a', 1, 5), 7)
      expect((await under.feed.read(100)).changes).toEqual([])
    })

    test('the next process finds the documents and the cursor', async () => {
      await ledger.put(key('a'), published('a', 1, 5), 0)
      await ledger.put(key('b'), published('b', 1, 5), 0)
      const { upTo } = await under.feed.read(1)
      await under.feed.acknowledge(upTo)
      under = await under.reopen()
      expect(await under.ledger.get(key('a'))).toMatchObject({ rev: 1 })
      expect((await under.feed.read(100)).changes.map(c => c.key.sk)).toEqual(['b'])
    })

    test('a document may have 400 KB, and no more', async () => {
      await ledger.put(key('fits'), { text: 'x'.repeat(390 * 1024) }, 0)
      await expect(ledger.put(key('large'), { text: 'x'.repeat(400 * 1024) }, 0)).rejects.toThrow(/large/)
      expect(await ledger.get(key('large'))).toBeUndefined()
    })
  })
}
