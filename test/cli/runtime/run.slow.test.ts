import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parsed, runsIn, shop } from './shop.ts'

test('one task runs with its inputs from the lake, and nothing follows from it', async () => {
  const { redeye, lines, folder } = shop()
  const first = await redeye('run', 'read-orders', '--partition', '2001-02-02')
  expect([first.exit, first.err]).toEqual([0, ''])
  expect(first.out).toMatch(/^✓ read-orders@2001-02-02 {2}20 rows {2}/)
  const { exit, out } = await redeye('run', 'sum-days', '--partition', '2001-02-02', '--json')
  expect(exit).toBe(0)
  expect(lines(out)).toEqual([
    expect.objectContaining({ task: 'sum-days', partition: '2001-02-02', generation: 1, state: 'succeeded', rows: 1 }),
  ])
  expect(runsIn(folder).map(r => r.run)).toEqual(['read-orders@2001-02-02', 'sum-days@2001-02-02'])
  expect(lines((await redeye('run', 'sum-days', '--partition', '2001-02-02', '--json')).out)).toMatchObject([{ generation: 2 }])
})

test('what it waits for is said, and it is not left waiting', async () => {
  const { redeye, folder } = shop()
  await redeye('run', 'read-orders', '--partition', '2001-02-02')
  const { exit, out } = await redeye('run', 'list-customers', '--partition', '2001-02-02')
  expect([exit, out]).toEqual([1, 'list-customers@2001-02-02 cannot run: it waits for customers@2001-02-01\n'])
  expect(parsed((await redeye('run', 'list-customers', '--partition', '2001-02-02', '--json')).out)).toMatchObject({
    missing: ['customers@2001-02-01'],
  })
  expect(runsIn(folder).map(r => r.run)).toEqual(['read-orders@2001-02-02'])
})

test.each([
  [['run', 'sum-dys', '--partition', '2001-02-02'], 'UNKNOWN_NAME there is no task "sum-dys"\n  → did you mean sum-days?\n'],
  [
    ['run', 'sum-days', '--partition', '2001-W05'],
    'BAD_PARTITION "2001-W05" is not a partition of day_totals, which is daily\n  → write it like 2001-02-14\n',
  ],
  [['run', 'sum-days', '--partition', '2001-01-31'], 'BAD_PARTITION day_totals@2001-01-31 lies before'],
  [['run', 'sum-days', '--partition', '2999-01-31'], 'BAD_PARTITION day_totals@2999-01-31 has not begun'],
  [['run', 'sum-days'], "error: required option '--partition <key>' not specified"],
])('%j is bad input, and nothing is written', async (args, message) => {
  const { served, folder } = shop()
  const { exit, out, err } = await served(...args)
  expect([exit, out]).toEqual([2, ''])
  expect(err).toContain(message)
  expect(existsSync(join(folder, '.redeye/ledger.db'))).toBe(false)
})

test('a run that fails says why, and where its log is', async () => {
  const { redeye, write } = shop()
  write('shop.db', 'no database')
  const { exit, out } = await redeye('run', 'read-orders', '--partition', '2001-02-02')
  expect(exit).toBe(1)
  expect(out).toMatch(/^✗ read-orders@2001-02-02 {2}failed .*\n$/)
  const log = await redeye('logs', 'read-orders@2001-02-02')
  expect([log.exit, log.err]).toEqual([0, ''])
  expect(log.out).toMatch(/attempt began[\s\S]*failed: /)
})

test('a task that is paused is not run', async () => {
  const { redeye } = shop()
  await redeye('run', 'read-orders', '--partition', '2001-02-02')
  await redeye('pause', 'all')
  const { exit, out } = await redeye('run', 'sum-days', '--partition', '2001-02-02')
  expect([exit, out]).toEqual([1, 'sum-days@2001-02-02 cannot run: all is paused; redeye resume all first\n'])
})

test('beside a runtime that runs, that one does it', async () => {
  const { start, redeye, lines } = shop()
  const dev = start('dev')
  await dev.said(/ up {2}/)
  const { exit, out } = await redeye('run', 'read-orders', '--partition', '2001-02-02', '--json')
  expect(exit).toBe(0)
  expect(lines(out)).toMatchObject([{ task: 'read-orders', state: 'succeeded', rows: 20 }])
  await dev.said(/✓ read-orders@2001-02-02/)
  dev.child.kill('SIGINT')
  expect(await dev.ended).toBe('SIGINT')
})
