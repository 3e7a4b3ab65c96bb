import { matters } from '../../shared/engine/relay.ts'
import { known, swap } from '../../shared/engine/swap.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import type { Ledger } from '../../shared/ports/ledger.ts'

const key = { pk: 'night', sk: '2001-02-14' }
type Doc = { v?: number; n: number }

describe('a swap', () => {
  let ledger: SqliteLedger
  beforeEach(() => {
    ledger = new SqliteLedger({ path: ':memory:', filter: matters })
  })
  afterEach(() => ledger.close())
  /** A ledger in which somebody else writes between each read and write, so many times. */
  const contested = (times: number): Pick<Ledger, 'get' | 'put'> => ({
    get: k => ledger.get(k),
    put: async (k, doc, rev) => {
      if (times-- > 0) await ledger.put(k, { n: 100 + times }, rev)
      return ledger.put(k, doc, rev)
    },
  })
  const run = (world: Pick<Ledger, 'get' | 'put'>, change: (doc: Doc | undefined) => Doc | undefined) =>
    swap<Doc>({ ledger: world as Ledger }, key, change)

  test('writes what follows, and says what was and what is', async () => {
    expect(await run(ledger, () => ({ n: 1 }))).toEqual({ before: undefined, doc: { n: 1 }, rev: 1, written: true })
    expect(await run(ledger, doc => ({ n: doc!.n + 1 }))).toEqual({ before: { n: 1 }, doc: { n: 2 }, rev: 2, written: true })
  })

  test('that changes nothing writes nothing', async () => {
    await run(ledger, () => ({ n: 1 }))
    const { put } = ledger.requests
    expect(await run(ledger, doc => doc)).toEqual({ before: { n: 1 }, doc: { n: 1 }, rev: 1, written: false })
    expect(await run(ledger, () => undefined)).toEqual({ before: { n: 1 }, doc: { n: 1 }, rev: 1, written: false })
    expect(ledger.requests.put).toBe(put)
  })

  test('whose race was lost decides again on what is there now', async () => {
    await run(ledger, () => ({ n: 1 }))
    const seen: number[] = []
    const { doc } = await run(contested(2), d => {
      seen.push(d!.n)
      return { n: d!.n + 1 }
    })
    expect(seen).toEqual([1, 101, 100])
    expect(doc).toEqual({ n: 101 })
  })

  test('does not read again what was read before, unless that has changed since', async () => {
    await run(ledger, () => ({ n: 1 }))
    const read = (await ledger.get<Doc>(key))!
    const { get } = ledger.requests
    const more = (doc: Doc | undefined) => ({ n: doc!.n + 1 })
    expect(await swap<Doc>({ ledger }, key, more, read)).toEqual({ before: { n: 1 }, doc: { n: 2 }, rev: 2, written: true })
    expect(ledger.requests.get).toBe(get)
    expect(await swap<Doc>({ ledger }, key, more, read)).toEqual({ before: { n: 2 }, doc: { n: 3 }, rev: 3, written: true })
    expect(ledger.requests.get).toBe(get + 1)
  })

  test('that loses fifty times in a row is tried again later', async () => {
    await run(ledger, () => ({ n: 1 }))
    await expect(run(contested(50), d => ({ n: d!.n + 1 }))).rejects.toMatchObject({ code: 'LEDGER_FAILED', failure: 'transient' })
    expect((await run(contested(49), d => ({ n: d!.n + 1 }))).written).toBe(true)
  })

  test('of a document that newer code wrote changes nothing', async () => {
    await ledger.put(key, { v: 2, n: 1 }, 0)
    await expect(run(ledger, () => ({ n: 2 }))).rejects.toMatchObject({ code: 'NEWER_DOCUMENT' })
    expect((await ledger.get<Doc>(key))!.doc).toEqual({ v: 2, n: 1 })
  })
})

test('documents without a version, or of this one, are known', () => {
  const stored = (doc: object) => ({ key, rev: 1, doc })
  for (const doc of [{}, { v: 1 }]) {
    const s = stored(doc)
    expect(known(s)).toBe(s)
  }
  expect(known(undefined)).toBeUndefined()
  expect(() => known(stored({ v: 2 }))).toThrow('night/2001-02-14 has version 2')
})
