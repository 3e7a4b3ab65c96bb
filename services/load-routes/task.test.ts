import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { row, runTask } from 'redeye/testing'
import { routePunctuality } from '#datasets'
import task from './task.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'load-routes-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('a partition is loaded into route_punctuality once', async () => {
  const settings = { WAREHOUSE: `duckdb:${join(folder, 'warehouse.duckdb')}` }
  const load = async () =>
    (await runTask(task, { partition: '2001-02-14', inputs: { routes: [row(routePunctuality), row(routePunctuality)] }, settings })).rows
  expect(await load()).toEqual([{ batch: 0, rows: 2, token: 'route_punctuality/2001-02-14/v1/g1.a1', answer: 'loaded' }])
  expect(await load()).toMatchObject([{ rows: 2, answer: 'was loaded before' }])
})
