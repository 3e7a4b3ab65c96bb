import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { inspectDelivery } from '../../shared/compute/inspect.ts'
import { readRows } from '../../shared/compute/lake-query.ts'
import { array, dataset, decimal, struct, unpartitioned } from '../../shared/task/index.ts'
import { DAY, day, openWorkplace, type Workplace } from './workplace.ts'

let place: Workplace
beforeEach(async () => {
  place = await openWorkplace()
})
afterEach(() => place.close())

const orders = day('orders', { id: 'int', price: decimal(8, 2), on: 'date', at: 'timestamp', note: 'string' })
const folder = `orders/${DAY}/g1-a1`
const deliver = (...files: string[]) =>
  inspectDelivery([orders], place.lake, { duckdb: { threads: 1 } })({ dataset: 'orders', partition: DAY, files, folder, generation: 1 })
const read = () => readRows(place.lake, { name: 'orders', columns: orders.columns, versions: [{ partition: DAY, version: 1, folder }] })
async function file(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(place.folder, name)
  await writeFile(path, content)
  return path
}
const csv = 'id,price,on,at,note,extra\n1,2.50,2001-02-14,2001-02-14T05:00:00Z,"a, b",x\n2,,2001-02-15,2001-02-14 06:00:00,,y\n'
const rows = [
  { id: 1, price: '2.50', on: '2001-02-14', at: '2001-02-14T05:00:00Z', note: 'a, b' },
  { id: 2, price: null, on: '2001-02-15', at: '2001-02-14T06:00:00Z', note: null },
]

test('CSV, JSON lines and Parquet become a version of the declared columns', async () => {
  const json = rows.map(row => JSON.stringify({ ...row, extra: 1 })).join('\n')
  const pin = await place.pin(orders, rows, '2001-02-13')
  const manifest = await deliver(await file('a.csv', csv), await file('b.jsonl.gz', gzipSync(json)), `${pin.folder}/part-0000.parquet`)
  expect(manifest).toMatchObject({
    dataset: 'orders',
    partition: DAY,
    rows: 6,
    files: [{ key: `${folder}/part-0000.parquet`, rows: 6 }],
    columns: { id: { nulls: 0, min: '1', max: '2' }, price: { nulls: 3 } },
  })
  expect(await read()).toEqual([...rows, ...rows, ...rows])
})

test('the version is a copy', async () => {
  const path = await file('a.csv', csv)
  await deliver(path)
  await writeFile(path, 'changed')
  expect(await read()).toEqual(rows)
})

test.each<[string, string, string]>([
  ['a missing column', 'id,price,on,at\n1,2,2001-02-14,2001-02-14\n', 'has no column note'],
  ['a value of another type', csv.replace('2.50', 'cheap'), 'a.csv: row 1 has price "cheap": Conversion Error: Could not convert'],
  ['a date that is none', csv.replace('2001-02-15', '2001-02-30'), 'a.csv: row 2 has on "2001-02-30": Conversion Error'],
])('%s in a CSV is refused, and nothing is written', async (_, content, message) => {
  await expect(deliver(await file('a.csv', content))).rejects.toMatchObject({
    code: 'BAD_DELIVERY',
    failure: 'user',
    message: expect.stringContaining(message),
  })
  expect(await place.keys()).toEqual([])
})

test('of several files the one is named that does not fit', async () => {
  const files = [await file('a.jsonl', JSON.stringify(rows[0])), await file('b.jsonl', JSON.stringify({ ...rows[1], id: 'two' }))]
  await expect(deliver(...files)).rejects.toMatchObject({
    code: 'BAD_DELIVERY',
    message: expect.stringMatching(/^orders@2001-02-14: \S*b\.jsonl: .*two/),
  })
})

test('Parquet of another type is refused; a number that fits exactly is taken', async () => {
  const texts = day('orders', { ...orders.columns, id: 'string' })
  const asText = await place.pin(texts, [{ ...rows[0], id: '1' }], '2001-02-11')
  await expect(deliver(`${asText.folder}/part-0000.parquet`)).rejects.toMatchObject({
    message: expect.stringContaining('has id as VARCHAR'),
  })
  const wide = day('orders', { ...orders.columns, id: 'bigint', price: 'double' })
  const fits = await place.pin(wide, [{ ...rows[0], price: 2.5 }], '2001-02-12')
  await deliver(`${fits.folder}/part-0000.parquet`)
  expect(await read()).toEqual([rows[0]])
  const misfits = await place.pin(wide, [{ ...rows[0], price: 2.505 }], '2001-02-13')
  await expect(deliver(`${misfits.folder}/part-0000.parquet`)).rejects.toMatchObject({
    code: 'BAD_DELIVERY',
    message: expect.stringContaining('2.505 does not fit'),
  })
})

test('nested columns come from JSON lines', async () => {
  const nested = dataset('nested', {
    partition: unpartitioned(),
    columns: { tags: array('string'), at: struct({ x: 'double' }), any: 'json' },
    description: 'for a test',
    owner: 'tests@example.com',
    outside: true,
  })
  const path = await file('n.json', '{"tags":["a",null],"at":{"x":1.5},"any":{"b":[1]}}\n{}\n')
  const delivery = { dataset: 'nested', partition: 'all', files: [path], folder: 'nested/all/g1-a1', generation: 1 }
  await inspectDelivery([nested], place.lake)(delivery)
  const versions = [{ partition: 'all', version: 1, folder: 'nested/all/g1-a1' }]
  expect(await readRows(place.lake, { name: 'nested', columns: nested.columns, versions })).toEqual([
    { tags: ['a', null], at: { x: 1.5 }, any: { b: [1] } },
    { tags: null, at: null, any: null },
  ])
})

test.each([
  ['a file that is not there', '/nowhere/orders.csv', 'LAKE_FAILED'],
  ['a key that is not there', 'orders/nowhere.csv', 'LAKE_FAILED'],
  ['another kind of file', '/etc/hosts', 'BAD_DELIVERY'],
])('%s', async (_, path, code) => {
  await expect(deliver(path)).rejects.toMatchObject({ code })
})

test('where only the lake is to be read, no file of the machine is', async () => {
  const strict = inspectDelivery([orders], place.lake, { localFiles: false })
  const files = [await file('a.csv', csv)]
  await expect(strict({ dataset: 'orders', partition: DAY, files, folder, generation: 1 })).rejects.toMatchObject({ code: 'BAD_DELIVERY' })
})

test('nothing delivered is an empty version', async () => {
  expect(await deliver()).toMatchObject({ rows: 0, files: [] })
  expect(await read()).toEqual([])
})

test('rows that repeat the declared key are refused, whichever files they are in', async () => {
  const keyed = day('orders', { id: 'int', note: 'string' }, ['id'])
  const files = [await file('a.csv', 'id,note\n1,a\n2,b\n'), await file('b.csv', 'id,note\n2,c\n3,d\n')]
  await expect(
    inspectDelivery([keyed], place.lake)({ dataset: 'orders', partition: DAY, files, folder, generation: 1 }),
  ).rejects.toMatchObject({ code: 'BAD_DELIVERY', message: `orders@${DAY}: unique: 1 of 4 rows repeat id: {"id":2,"rows":2}` })
  expect(await place.lake.get(`${folder}/manifest.json`)).toBeUndefined()
})
