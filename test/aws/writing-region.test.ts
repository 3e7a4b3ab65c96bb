import { elsewhereThan, standsBy, writtenInOneRegion } from '../../shared/aws/writing-region.ts'
import { pauseKey } from '../../shared/engine/keys.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import type { Ledger } from '../../shared/ports/ledger.ts'

let now: number
let ledger: SqliteLedger
let reads: number
beforeEach(() => {
  now = 0
  reads = 0
  ledger = new SqliteLedger({ path: ':memory:', filter: () => false })
})
afterEach(() => ledger.close())

const open = () => {
  const { get, put } = ledger
  const counted: Pick<Ledger, 'get' | 'put'> = {
    get(key) {
      reads++
      return get.call(ledger, key) as never
    },
    put: (...written) => put.apply(ledger, written),
  }
  const elsewhere = elsewhereThan('eu-west-1', counted, () => now)
  return { elsewhere, here: writtenInOneRegion(counted as Ledger, elsewhere) }
}
const key = { pk: 'run/clean', sk: '2001-02-14' }
const moveTo = (writer: string, rev = 0) => ledger.put(pauseKey('all'), { v: 1, task: 'all', paused: false, at: 0, writer }, rev)

test('in a stage that was never moved everything is written', async () => {
  const { elsewhere, here } = open()
  expect(await elsewhere()).toBeUndefined()
  expect(await here.put(key, { v: 1 }, 0)).toBe(true)
  expect(await here.get(key)).toMatchObject({ rev: 1 })
})

test('in the region that was left nothing is, and it says which one writes', async () => {
  await moveTo('eu-central-1')
  const { elsewhere, here } = open()
  expect(await elsewhere()).toBe('eu-central-1')
  await expect(here.put(key, { v: 1 }, 0)).rejects.toMatchObject({ code: 'STANDS_BY', message: expect.stringContaining('eu-central-1') })
  expect(await ledger.get(key)).toBeUndefined()
})

test('the ledger is asked at most every five seconds, and a move is heard of then', async () => {
  await moveTo('eu-west-1')
  const { elsewhere } = open()
  expect([await elsewhere(), await elsewhere()]).toEqual([undefined, undefined])
  await moveTo('eu-central-1', 1)
  now += 4999
  expect(await elsewhere()).toBeUndefined()
  expect(reads).toBe(1)
  now += 1
  expect(await elsewhere()).toBe('eu-central-1')
})

test('is tried again, as it may be moved back', () => {
  expect(standsBy('eu-central-1')).toMatchObject({ failure: 'transient', remedy: expect.stringContaining('redeye move eu-central-1') })
})
