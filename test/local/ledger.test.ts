import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import type { Change } from '../../shared/ports/ledger.ts'

const folder = mkdtempSync(join(tmpdir(), 'redeye-ledger-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let count = 0
const open = (more: Partial<ConstructorParameters<typeof SqliteLedger>[0]> = {}) =>
  new SqliteLedger({ path: join(folder, `${count++}.db`), filter: () => true, alone: true, ...more })
const key = (sk: string) => ({ pk: 'n', sk })
const nextTurn = () => new Promise(resolve => setImmediate(resolve))
const rowsOf = (ledger: SqliteLedger, table: string) => (ledger.sql(`SELECT count(*) AS rows FROM ${table}`).get() as { rows: number }).rows

test('writes of one turn share a commit', async () => {
  const ledger = open()
  const before = ledger.turn
  await Promise.all(Array.from({ length: 50 }, (_, i) => ledger.put(key(`k${i}`), { i }, 0)))
  expect(ledger.turn).toBe(before + 1)
  ledger.close()
})

test('who waits for a write hears of it when it is committed, and not before', async () => {
  const written: Change[] = []
  const ledger = open({ onWritten: change => written.push(change) })
  const put = ledger.put(key('a'), { n: 1 }, 0)
  expect(written).toEqual([])
  await put
  expect(written).toEqual([{ key: key('a'), before: undefined, after: { n: 1 } }])
  ledger.close()
})

test('a change that is acknowledged in its own turn is never written to the feed', async () => {
  const ledger = open()
  const put = ledger.put(key('a'), { n: 1 }, 0)
  const { changes, upTo } = await ledger.read(10)
  expect(changes).toHaveLength(1)
  await ledger.acknowledge(upTo)
  await put
  expect(rowsOf(ledger, 'feed')).toBe(0)
  await ledger.put(key('a'), { n: 2 }, 1)
  expect(rowsOf(ledger, 'feed')).toBe(1)
  ledger.close()
})

test('a relay that falls behind finds every change, in order', async () => {
  const ledger = open()
  for (let n = 1; n <= 2500; n += 50) await Promise.all(Array.from({ length: 50 }, (_, i) => ledger.put(key(`k${n + i}`), { n: n + i }, 0)))
  const seen: number[] = []
  for (;;) {
    const { changes, upTo } = await ledger.read(100)
    if (changes.length === 0) break
    seen.push(...changes.map(c => (c.after as { n: number }).n))
    await ledger.acknowledge(upTo)
    if (seen.length === 1500) await ledger.put(key('late'), { n: 2501 }, 0)
  }
  expect(seen).toEqual(Array.from({ length: 2501 }, (_, i) => i + 1))
  await nextTurn()
  expect(rowsOf(ledger, 'feed')).toBe(0)
  ledger.close()
})

test('what a commit that failed would have written is not there, and the ledger goes on', async () => {
  const ledger = open()
  await ledger.put(key('before'), { n: 1 }, 0)
  await ledger.acknowledge((await ledger.read(10)).upTo)
  await nextTurn()
  ledger.db.exec('PRAGMA max_page_count = 16')
  const large = { text: 'x'.repeat(100_000) }
  const puts = [ledger.put(key('a'), { n: 1 }, 0), ledger.put(key('b'), large, 0), ledger.put(key('c'), { n: 1 }, 0)]
  expect((await Promise.allSettled(puts)).map(p => p.status)).toEqual(['rejected', 'rejected', 'rejected'])
  ledger.db.exec('PRAGMA max_page_count = 1000000')
  for (const name of ['a', 'b', 'c']) expect(await ledger.get(key(name))).toBeUndefined()
  expect((await ledger.read(10)).changes).toEqual([])
  expect(await ledger.put(key('b'), large, 0)).toBe(true)
  expect((await ledger.read(10)).changes.map(c => c.key)).toEqual([key('b')])
  expect((await ledger.get(key('before')))!.doc).toEqual({ n: 1 })
  ledger.close()
})

test('documents that no longer fit into memory are read again', async () => {
  const ledger = open()
  const text = 'x'.repeat(100_000)
  for (let n = 0; n < 40; n++) await ledger.put(key(`k${n}`), { n, text }, 0)
  for (let n = 0; n < 40; n++) expect(await ledger.get(key(`k${n}`))).toMatchObject({ rev: 1, doc: { n } })
  for (let n = 0; n < 40; n++) expect(await ledger.put(key(`k${n}`), { n: -n }, 1)).toBe(true)
  for (let n = 0; n < 40; n++) expect((await ledger.get(key(`k${n}`)))!.doc).toEqual({ n: -n })
  ledger.close()
})
