import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { row, runTask } from 'redeye/testing'
import { sessions } from '#datasets'
import task from './task.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'queue-sessions-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a session is put on the queue once, however often it is delivered', async () => {
  const inputs = { sessions: [row(sessions, { visitor: 'v1', session: 1 }), row(sessions, { visitor: 'v1', session: 2 })] }
  const settings = { MARKETING_QUEUE: `sqlite:${join(folder, 'queue.db')}` }
  const deliver = async () => (await runTask(task, { partition: '2001-02-14', inputs, settings })).rows.map(receipt => receipt.answer)
  expect(await deliver()).toEqual(['queued'])
  expect(await deliver()).toEqual(['0 queued, 2 had been'])
})
