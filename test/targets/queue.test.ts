import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Delivery } from '../../shared/ports/target.ts'
import { queue } from '../../shared/targets/queue.ts'
import { columns, deliveryOf, receiptsOf, things, worldOf } from './delivery.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'queue-'))
  path = join(folder, 'queue.db')
})
afterEach(() => rmSync(folder, { recursive: true }))

const target = queue({ connection: 'QUEUE' })
const put = (rows: Record<string, unknown>[], more: Partial<Delivery> = {}) =>
  receiptsOf(target, deliveryOf(rows, { world: worldOf({ QUEUE: `sqlite:${path}` }), ...more }))

function messages(): { topic: string; id: string; body: string }[] {
  const db = new DatabaseSync(path)
  try {
    return db
      .prepare('select topic, id, body from messages order by sequence')
      .all()
      .map(row => ({ ...row })) as never
  } finally {
    db.close()
  }
}

test('a row becomes a message, whose id is made of version and key', async () => {
  expect(await put(things(1))).toEqual([{ batch: 0, rows: 1, token: 'things@2001-02-14#1/b0', answer: 'queued' }])
  expect(messages()).toEqual([{ topic: 'things', id: 'things@2001-02-14#1/[1]', body: '{"id":1,"name":"thing 1"}' }])
})

test('the same version again puts nothing on the queue, be it another attempt or generation', async () => {
  await put(things(3))
  expect(await put(things(3), { attempt: 2 })).toMatchObject([{ rows: 3, answer: '0 queued, 3 had been' }])
  expect(await put(things(3), { generation: 2 })).toMatchObject([{ answer: '0 queued, 3 had been' }])
  expect(messages()).toHaveLength(3)
})

test('what an attempt did not come to, the next one adds', async () => {
  await put(things(2))
  expect(await put(things(5), { attempt: 2 })).toMatchObject([{ answer: '3 queued, 2 had been' }])
})

test('a message that was taken off does not come back', async () => {
  await put(things(2))
  const db = new DatabaseSync(path)
  db.exec('update messages set taken = 1')
  db.close()
  await put(things(2), { attempt: 2 })
  expect(messages()).toHaveLength(2)
})

test('rows of one key are refused, and none of their batch is queued', async () => {
  await expect(put([...things(2), { id: 2, name: 'another' }])).rejects.toMatchObject({
    code: 'BAD_TARGET',
    message: 'two rows would be the message things@2001-02-14#1/[2]',
  })
  expect(messages()).toEqual([])
})

test('a new version’s rows are new messages', async () => {
  await put(things(2))
  await put(things(2), { version: 2, generation: 2 })
  expect(messages().map(message => message.id)).toEqual(['1/[1]', '1/[2]', '2/[1]', '2/[2]'].map(end => `things@2001-02-14#${end}`))
})

test.each([
  ['an older generation', { generation: 1, attempt: 5 }],
  ['an older attempt', { generation: 2, attempt: 2 }],
])('%s is refused and puts nothing', async (_, stale) => {
  await put([], { version: 2, generation: 2, attempt: 3 })
  await expect(put(things(2), { version: 1, ...stale })).rejects.toMatchObject({ code: 'STALE_ATTEMPT' })
  expect(messages()).toEqual([])
})

test('many rows are put in batches of a thousand, a receipt each', async () => {
  expect((await put(things(2500))).map(receipt => receipt.rows)).toEqual([1000, 1000, 500])
})

test('a row without its key is refused', async () => {
  await expect(put([{ id: null, name: 'nobody' }])).rejects.toMatchObject({ code: 'BAD_TARGET', message: expect.stringContaining('id') })
})

test('a queue that cannot be used is a passing trouble; one that is not named is not', async () => {
  writeFileSync(join(folder, 'file'), '')
  const world = worldOf({ QUEUE: `sqlite:${join(folder, 'file', 'queue.db')}` })
  await expect(put(things(1), { world })).rejects.toMatchObject({ code: 'TARGET_UNAVAILABLE', failure: 'transient' })
  await expect(put(things(1), { world: worldOf({ QUEUE: path }) })).rejects.toMatchObject({ code: 'BAD_TARGET' })
})

test('faults name what is wrong with the options', () => {
  expect(target.faults(columns, ['id'])).toEqual([])
  expect(queue({ connection: '' }).faults(columns, [])).toHaveLength(2)
})

test('a name that is no option is a fault', () => {
  const misspelled = queue({ connection: 'QUEUE', topics: 'things' } as { connection: string })
  expect(misspelled.faults(columns, ['id'])).toEqual(['queue has no option "topics"; did you mean topic?'])
})
