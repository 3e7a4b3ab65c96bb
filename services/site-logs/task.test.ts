import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { runTask } from 'redeye/testing'
import task from './task.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'site-logs-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function read(lines: string[], checks: 'reject' | 'report' = 'reject') {
  writeFileSync(join(folder, 'access-2001-02-14.log.gz'), gzipSync(lines.join('\n')))
  return runTask(task, { partition: '2001-02-14', settings: { SITE_LOGS: folder }, checks })
}
const line = (visitor: string, bytes: string) =>
  `10.1.2.3 - ${visitor} [14/Feb/2001:05:11:22 -0500] "GET /flights/SFO-JFK HTTP/1.0" 200 ${bytes} "-" "Mozilla/4.76 [en]"`

test('a line becomes a row: the time in UTC, and null for what is not there', async () => {
  const { rows } = await read([line('v1', '4711'), line('-', '-')])
  const row = {
    requested_at: '2001-02-14T10:11:22Z',
    method: 'GET',
    path: '/flights/SFO-JFK',
    status: 200,
    referrer: null,
    agent: 'Mozilla/4.76 [en]',
  }
  expect(rows).toEqual([
    { ...row, visitor: 'v1', bytes: 4711 },
    { ...row, visitor: null, bytes: null },
  ])
})

test('a broken line is quarantined, and one in a hundred may be', async () => {
  const lines = Array.from({ length: 199 }, () => line('v1', '1'))
  const { rows, quarantined } = await read([...lines, line('v1', '1').slice(0, 50)])
  expect(rows).toHaveLength(199)
  expect(quarantined).toMatchObject([{ where: 'access-2001-02-14.log.gz:200' }])
  await expect(read([line('v1', '1'), 'broken'])).rejects.toMatchObject({ code: 'BAD_ROW' })
})
