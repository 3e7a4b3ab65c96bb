import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parsed, shop } from './shop.ts'

test('where nothing has run it says so, and how to start', async () => {
  const { redeye, folder } = shop()
  const { exit, out } = await redeye('status')
  expect([exit, out]).toEqual([
    0,
    `Nothing has run yet: there is no ledger in ${folder}/.redeye.\nStart with redeye demo, redeye night DATE or redeye dev.\n`,
  ])
  expect(parsed((await redeye('status', '--json')).out)).toEqual({ state: `${folder}/.redeye`, running: false, tasks: [] })
})

test('states by task, what waits for what, failures with their errors, pauses', async () => {
  const { redeye, folder } = shop(14, {
    'services/list-customers/list-customers.sql': `select customer, cast(1 / 0 as int) as orders from orders\n`,
  })
  await redeye('request', 'read-orders', '--from', '2001-02-01', '--to', '2001-02-03')
  await redeye('pause', 'load-totals')
  await redeye('request', 'load-totals', '--from', '2001-02-03', '--run', 'all')
  const { exit, out, err } = await redeye('status')
  expect([exit, err]).toEqual([0, ''])
  expect(out).toContain(`${folder}/.redeye  no runtime runs`)
  expect(out).toMatch(/task +waiting +queued +succeeded +failed +newest/)
  expect(out).toMatch(/load-totals +· +1 +2 +· +2001-02-02/)
  expect(out).toMatch(/Failed\n {2}list-customers@2001-02-01 {2}.* user\n/)
  expect(out).toContain('Waiting\n  list-customers@2001-02-02..2001-02-03 (2 runs)  for customers@2001-02-01, and so on\n')
  expect(out).toContain('Paused\n  load-totals\n')
  expect(out).toContain('Queued\n  load-totals@2001-02-03  paused; redeye resume load-totals\n')
  expect(out).not.toContain('goes on at once')
  const told = parsed<{ runs: Record<string, { task: string; partition: string; waits?: object }[]>; paused: string[] }>(
    (await redeye('status', '--json')).out,
  )
  expect(told.paused).toEqual(['load-totals'])
  expect(told.runs.failed).toMatchObject([{ task: 'list-customers', partition: '2001-02-01', error: { failure: 'user' } }])
  expect(told.runs.waiting!.find(r => r.task === 'sum-weeks')).toMatchObject({
    waits: { missing: [{ dataset: 'day_totals', partitions: ['2001-02-04'], of: 4 }] },
  })
})

test('a night by its date', async () => {
  const { redeye } = shop()
  await redeye('night', '2001-02-01')
  const { exit, out } = await redeye('status', '--night', '2001-02-01')
  expect(exit).toBe(0)
  expect(out).toMatch(/✓ +read-orders +2001-02-01 +succeeded +20/)
  expect(out).toMatch(/○ +sum-weeks +2001-W05 +waits for 3 of 4 day_totals/)
  expect(parsed((await redeye('status', '--night', '2001-02-01', '--json')).out)).toMatchObject({
    night: '2001-02-01',
    succeeded: 4,
    failed: 0,
  })
  expect((await redeye('status', '--night', '2001-02-02')).out).toBe(
    'The night of 2001-02-02 has not begun; redeye night 2001-02-02 begins it.\n',
  )
  expect((await redeye('status', '--night', 'tonight')).exit).toBe(2)
})

test('what is at work since when, and what a limit keeps', async () => {
  const { redeye, folder } = shop()
  await redeye('night', '2001-02-01')
  const ledger = new DatabaseSync(join(folder, '.redeye/ledger.db'))
  const set = ledger.prepare(
    `UPDATE docs SET state = ?1, doc = json_patch(json_set(doc, '$.state', ?1), ?2) WHERE pk = ?3 AND sk = '2001-02-01'`,
  )
  set.run('running', JSON.stringify({ startedAt: new Date('2001-02-02T04:05').getTime(), attempt: 2 }), 'run/orders')
  set.run('queued', JSON.stringify({ refusedBy: 'lane/backfill' }), 'run/day_totals')
  set.run('queued', '{}', 'run/customers')
  ledger.close()
  const { out } = await redeye('status')
  expect(out).toContain('Running\n  read-orders@2001-02-01  since 2001-02-02 04:05, attempt 2\n')
  expect(out).toMatch(/Queued\n(.*\n)? {2}sum-days@2001-02-01 {2}no place at the limit of lane backfill\n/)
  expect(out).toContain('  list-customers@2001-02-01  no runtime runs\n')
})

test('it reads while a runtime runs', async () => {
  const { start, redeye, folder } = shop()
  const dev = start('dev')
  await dev.said(/ up {2}/)
  expect((await redeye('status')).out).toContain(`${folder}/.redeye  a runtime runs`)
  dev.child.kill('SIGINT')
  await dev.ended
})
