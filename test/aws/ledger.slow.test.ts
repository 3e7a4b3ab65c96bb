import { DynamoLedger } from '../../shared/aws/ledger.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { ledgerConformance } from '../ports/ledger-conformance.ts'
import { type DynamodbLocal, FETCHED_WITHIN_MS, startDynamodbLocal } from './dynamodb-local.ts'
import { openLedger } from './ledger-under-test.ts'

let local: DynamodbLocal
beforeAll(async () => {
  local = await startDynamodbLocal()
}, FETCHED_WITHIN_MS)
afterAll(() => local?.stop())

ledgerConformance('DynamoDB Local', async () => openLedger(local.client, await local.createLedger()))

describe('the index', () => {
  const DAY = 86_400_000
  const NOW = 1_800_000_000_000
  let now = NOW
  let ledger: DynamoLedger
  let drop: () => Promise<void>
  const key = (sk: string) => ({ pk: 'run/clean', sk })
  const run = (sk: string, more: Partial<RunDoc> = {}): RunDoc => ({
    v: 1,
    dataset: 'clean',
    partition: sk,
    task: 'clean-orders',
    state: 'waiting',
    generation: 1,
    attempt: 1,
    ...more,
  })
  const version = { number: 1, as: 1, loud: 1, generation: 1, attempt: 1, rows: 1, bytes: 1, schemaHash: 'h', ancestry: {} }
  const published = (sk: string, at: number) => run(sk, { state: 'succeeded', version: { ...version, at, cause: { lane: 'nightly' } } })
  const unitsOf = async (write: () => Promise<unknown>) => {
    const before = ledger.consumed.writeUnits
    await write()
    return ledger.consumed.writeUnits - before
  }
  beforeEach(async () => {
    now = NOW
    const made = await local.createLedger()
    drop = made.drop
    ledger = new DynamoLedger({ table: made.table, client: local.client, now: () => now })
    await ledger.put({ pk: 'contract', sk: 'task/clean-orders' }, { kind: 'task', task: 'clean-orders', output: 'clean' }, 0)
  })
  afterEach(() => drop())

  test('costs a run one write unit in its life: three in all for one that starts at once, four for one that waits', async () => {
    expect(await unitsOf(() => ledger.put(key('a'), run('a', { state: 'running' }), 0))).toBe(2)
    expect(await unitsOf(() => ledger.put(key('a'), published('a', now + 60_000), 1))).toBe(1)
    expect(await unitsOf(() => ledger.put(key('b'), run('b'), 0))).toBe(2)
    expect(await unitsOf(() => ledger.put(key('b'), run('b', { state: 'running' }), 1))).toBe(1)
    expect(await unitsOf(() => ledger.put(key('b'), published('b', now + 60_000), 2))).toBe(1)
    expect(await ledger.publishedSince('clean', NOW)).toEqual([key('a'), key('b')])
  })

  test('finds a run that has waited for months, and no more when it is over', async () => {
    await ledger.put(key('a'), run('a'), 0)
    await ledger.put(key('b'), run('b'), 0)
    for (let day = 0; day <= 90; day += 10) {
      now = NOW + day * DAY
      expect(await ledger.runsInState('clean-orders', ['waiting'])).toEqual([key('a'), key('b')])
    }
    await ledger.put(key('a'), published('a', now), 1)
    await ledger.put(key('b'), run('b', { state: 'cancelled' }), 1)
    expect(await ledger.runsInState('clean-orders', ['waiting'])).toEqual([])
    expect(await ledger.publishedSince('clean', now - DAY)).toEqual([key('a')])
  })

  test('costs whoever looks by what is recent, not by history', async () => {
    for (let day = 0; day < 100; day++) {
      now = NOW + day * DAY
      await ledger.put(key(String(day).padStart(3, '0')), published(String(day).padStart(3, '0'), now), 0)
    }
    const before = ledger.consumed.readUnits
    expect(await ledger.publishedSince('clean', now - 14 * DAY)).toHaveLength(15)
    expect(ledger.consumed.readUnits - before).toBeLessThan(10)
  })

  test('a run that is run anew after months is found as open, and by when it was published', async () => {
    await ledger.put(key('a'), published('a', NOW), 0)
    now = NOW + 200 * DAY
    const stored = (await ledger.get<RunDoc>(key('a')))!
    await ledger.put(key('a'), { ...stored.doc, state: 'running' }, stored.rev)
    expect(await ledger.runsInState('clean-orders', ['running'])).toEqual([key('a')])
    await ledger.put(key('a'), published('a', now), 2)
    expect(await ledger.publishedSince('clean', now)).toEqual([key('a')])
  })

  test('lists limits, requests and switches that say something, in order', async () => {
    const limit = (holders: object[]) => ({ v: 1, limit: 2, holders, waiting: [] })
    await ledger.put({ pk: 'limit', sk: 'task/b' }, limit([]), 0)
    await ledger.put({ pk: 'limit', sk: 'task/a' }, limit([]), 0)
    await ledger.put({ pk: 'limit', sk: 'request/r' }, limit([{}]), 0)
    const listed = async () => (await ledger.query('limit')).map(s => s.key.sk)
    expect(await listed()).toEqual(['request/r', 'task/a', 'task/b'])
    await ledger.put({ pk: 'limit', sk: 'request/r' }, limit([]), 1)
    expect(await listed()).toEqual(['task/a', 'task/b'])
    await ledger.put({ pk: 'limit', sk: 'request/r' }, limit([{}]), 2)
    expect((await ledger.query('limit', { descending: true, limit: 2 })).map(s => s.key.sk)).toEqual(['task/b', 'task/a'])
    await ledger.put({ pk: 'pause', sk: 'all' }, { v: 1, task: 'all', paused: true, at: 1 }, 0)
    expect(await ledger.query('pause')).toMatchObject([{ key: { pk: 'pause', sk: 'all' }, rev: 1, doc: { paused: true } }])
  })
})
