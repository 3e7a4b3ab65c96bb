import { parsed, runsIn, shop } from './shop.ts'

const succeeded = (folder: string) =>
  runsIn(folder)
    .filter(r => r.state === 'succeeded')
    .map(r => r.run)

test('a backfill runs what is missing and what follows, once', async () => {
  const { redeye, lines, folder } = shop()
  const { exit, out, err } = await redeye('request', 'read-orders', '--from', '2001-02-01', '--to', '2001-W05', '--id', 'first', '--json')
  expect([exit, err]).toEqual([0, ''])
  expect(lines(out).at(-1)).toEqual({
    request: 'first',
    selected: 4,
    succeeded: 17,
    failed: 0,
    seconds: expect.any(Number),
    standing: { there: 4 },
  })
  expect(succeeded(folder)).toContain('sum-weeks@2001-W05')
  expect((await redeye('request', 'read-orders', '--from', '2001-02-01', '--to', '2001-02-04')).out).toBe(
    'Nothing to do: all of these partitions are there.\n',
  )
  const other = await redeye('request', 'read-orders', '--from', '2001-02-05', '--id', 'first')
  expect(other).toMatchObject({ exit: 2, err: expect.stringContaining('REQUEST_CHANGED') })
})

test('what waits already is not said to be there', async () => {
  const { redeye, lines } = shop()
  await redeye('request', 'read-orders', '--from', '2001-02-01', '--to', '2001-02-03')
  const waits = `Nothing to select of 4 partitions: 3 there, 1 waiting.

Waiting
  sum-weeks@2001-W05  for day_totals@2001-02-04
`
  const wish = ['request', 'sum-days', 'sum-weeks', '--from', '2001-02-01', '--to', '2001-02-03']
  expect((await redeye(...wish, '--plan')).out).toBe(waits)
  expect((await redeye(...wish)).out.replace(/^Request .*\n.*\n/, '')).toBe(waits)
  expect(lines((await redeye(...wish, '--json')).out).at(-1)).toMatchObject({ selected: 0, standing: { there: 3, waiting: 1 } })
  const one = await redeye('request', 'sum-weeks', '--from', '2001-W05', '--run', 'failed', '--plan')
  expect(one.out).toBe('Nothing to do: none of these runs has failed.\n')
})

test('a plan says what would run, and writes nothing', async () => {
  const { redeye, folder } = shop()
  await redeye('request', 'read-orders', '--from', '2001-02-01', '--to', '2001-02-03')
  const before = runsIn(folder)
  const { exit, out } = await redeye('request', 'read-orders', '--from', '2001-02-02', '--run', 'all', '--plan', '--json')
  expect(exit).toBe(0)
  expect(parsed(out)).toMatchObject({
    selected: 1,
    runs: 5,
    tasks: [
      { task: 'read-orders', named: true, runs: ['2001-02-02'] },
      { task: 'list-customers', named: false, runs: ['2001-02-02', '2001-02-03'] },
      { task: 'sum-days', runs: ['2001-02-02'] },
      { task: 'load-totals', runs: ['2001-02-02'] },
      { task: 'sum-weeks', runs: [], waiting: ['2001-W05'] },
    ],
  })
  const text = await redeye('request', 'read-orders', '--from', '2001-02-02', '--run', 'all', '--plan')
  expect(text.out).toMatch(/read-orders +requested +1 +2001-02-02\n/)
  expect(text.out).toMatch(/list-customers +follows +2 +2001-02-02\.\.2001-02-03 +1\n/)
  expect(runsIn(folder)).toEqual(before)
})

test('a plan holds: just that runs', async () => {
  const { redeye, lines } = shop()
  await redeye('request', 'read-orders', '--from', '2001-02-01', '--to', '2001-02-05')
  const wish = ['request', 'sum-days', 'list-customers', '--from', '2001-02-02', '--to', '2001-02-04', '--run', 'all', '--json']
  const plan = parsed<{ tasks: { task: string; runs: string[] }[] }>((await redeye(...wish, '--plan')).out)
  const planned = plan.tasks.flatMap(t => t.runs.map(partition => `${t.task}@${partition}`))
  const ran = lines((await redeye(...wish)).out)
    .slice(0, -1)
    .map(r => `${r.task}@${r.partition}`)
  expect([...new Set(ran)].sort()).toEqual(planned.sort())
})

test('without downstream nothing follows', async () => {
  const { redeye, folder } = shop()
  expect(
    (await redeye('request', 'read-orders', '--from', '2001-02-01', '--no-downstream', '--lane', 'manual', '--max-active', '1')).exit,
  ).toBe(0)
  expect(succeeded(folder)).toEqual(['read-orders@2001-02-01'])
})

test.each([
  [['request', 'read-orders', '--from', '2001-13'], 'BAD_PARTITION "2001-13" names no time'],
  [['request', 'read-order', '--from', '2001-02'], 'did you mean read-orders?'],
  [
    ['request', 'read-orders', '--from', '2001-02-03', '--to', '2001-02-01'],
    'BAD_PARTITION the range 2001-02-03..2001-02-01 ends before it begins',
  ],
  [['request', 'read-orders'], "required option '--from <key>' not specified"],
  [['request', 'read-orders', '--from', '2001-02', '--lane', 'fast'], 'Allowed choices are nightly, manual, backfill.'],
  [['request', 'read-orders', '--from', '2001-02', '--max-active', '0'], 'It is a whole number from 1.'],
])('%j is bad input', async (args, message) => {
  const { exit, out, err } = await shop().served(...args)
  expect([exit, out]).toEqual([2, ''])
  expect(err).toContain(message)
})

test('beside a runtime that runs it is left to it', async () => {
  const { start, redeye } = shop()
  const dev = start('dev')
  await dev.said(/ up {2}/)
  const { exit, out } = await redeye('request', 'read-orders', '--from', '2001-02-01', '--to', '2001-02-02', '--id', 'two-days')
  expect(exit).toBe(0)
  expect(out).toContain('2 runs selected; the runtime that runs does them')
  // They may fail yet.
  expect(out).not.toContain('✓')
  await dev.said(/✓ load-totals@2001-02-02/)
  dev.child.kill('SIGINT')
  await dev.ended
})

test('a range before the first partition is bad input, one that has not begun is not', async () => {
  const { redeye } = shop()
  const before = await redeye('request', 'read-orders', 'sum-weeks', '--from', '2000-01-01', '--to', '2000-02-01')
  expect(before).toEqual({
    exit: 2,
    out: '',
    err: 'BAD_PARTITION 2000-01-01..2000-02-01 lies before the first partition\n  → read-orders begins with 2001-02-01, sum-weeks begins with 2001-W05\n',
  })
  expect((await redeye('night', '1999-01-01')).exit).toBe(2)
  expect(await redeye('request', 'read-orders', '--from', '2999-01-01', '--plan')).toMatchObject({ exit: 0, err: '' })
})
