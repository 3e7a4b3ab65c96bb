import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { row, runTask } from 'redeye/testing'
import { networkMonths } from '#datasets'
import task from './task.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'load-months-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a partition is loaded into network_months once', async () => {
  const settings = { WAREHOUSE: `duckdb:${join(folder, 'warehouse.duckdb')}` }
  const load = async () =>
    (await runTask(task, { partition: '2001-02', inputs: { months: [row(networkMonths), row(networkMonths)] }, settings })).rows
  expect(await load()).toEqual([{ batch: 0, rows: 2, token: 'network_months/2001-02/v1/g1.a1', answer: 'loaded' }])
  expect(await load()).toMatchObject([{ rows: 2, answer: 'was loaded before' }])
})
