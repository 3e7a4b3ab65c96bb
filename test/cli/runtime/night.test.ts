import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { shop } from './shop.ts'

test('a night runs what follows from it, and says each run that ended, and last how it went', async () => {
  const { redeye, lines } = shop()
  const { exit, out, err } = await redeye('night', '2001-02-01', '--json')
  expect([exit, err]).toEqual([0, ''])
  const all = lines(out)
  const ended = all.slice(0, -1)
  expect(ended.map(l => l.task)).toEqual(expect.arrayContaining(['read-orders', 'sum-days', 'list-customers', 'load-totals']))
  expect(ended[0]).toEqual({
    task: 'read-orders',
    partition: '2001-02-01',
    generation: 1,
    attempt: 1,
    state: 'succeeded',
    rows: 20,
    bytes: expect.any(Number),
    seconds: expect.any(Number),
  })
  expect(all.at(-1)).toEqual({ night: '2001-02-01', succeeded: 4, failed: 0, seconds: expect.any(Number) })
})

test('without a terminal it prints plain lines', async () => {
  const { out } = await shop().redeye('night', '2001-02-01')
  const [first, ...rest] = out.trimEnd().split('\n')
  expect(first).toBe('The night of 2001-02-01')
  expect(rest[0]).toMatch(/^ {2}✓ read-orders@2001-02-01 {2}20 rows {2}\S+ k?B {2}\S+ s$/)
  expect(rest.at(-1)).toMatch(/^ {2}4 succeeded · 1 waiting in \S+ s$/)
})

test.each([['2001-02-30'], ['yesterday'], ['2001-02']])('%s is no date, and nothing is written', async date => {
  const { served, folder } = shop()
  const { exit, out, err } = await served('night', date)
  expect([exit, out]).toEqual([2, ''])
  expect(err).toBe(`BAD_DATE "${date}" is no date\n  → write a night’s date like 2001-02-14\n`)
  expect(existsSync(join(folder, '.redeye/ledger.db'))).toBe(false)
})
