import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { row, runTask } from 'redeye/testing'
import { airportDays } from '#datasets'
import task from './task.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'load-airport-days-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a partition is loaded into airport_days once', async () => {
  const settings = { WAREHOUSE: `duckdb:${join(folder, 'warehouse.duckdb')}` }
  const load = async () =>
    (await runTask(task, { partition: '2001-02-14', inputs: { days: [row(airportDays), row(airportDays)] }, settings })).rows
  expect(await load()).toEqual([{ batch: 0, rows: 2, token: 'airport_days/2001-02-14/v1/g1.a1', answer: 'loaded' }])
  expect(await load()).toMatchObject([{ rows: 2, answer: 'was loaded before' }])
})
