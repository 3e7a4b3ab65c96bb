import { runsIn, shop } from './shop.ts'

const stateOf = (folder: string, run: string) => runsIn(folder).find(r => r.run === run)?.state

test('what is paused waits until it is resumed', async () => {
  const { redeye, folder } = shop()
  await redeye('run', 'read-orders', '--partition', '2001-02-01')
  expect(await redeye('pause', 'sum-days')).toEqual({
    exit: 0,
    out: 'sum-days is paused; redeye resume sum-days lets it go on.\n',
    err: '',
  })
  const night = await redeye('night', '2001-02-02')
  expect(night.exit).toBe(0)
  expect(stateOf(folder, 'sum-days@2001-02-02')).toBe('queued')
  expect((await redeye('resume', 'sum-days')).exit).toBe(0)
  expect(stateOf(folder, 'sum-days@2001-02-02')).toBe('succeeded')
  expect(stateOf(folder, 'load-totals@2001-02-02')).toBe('succeeded')
})

test('who resumes a task, or everything, is told what stays paused', async () => {
  const { redeye } = shop()
  await redeye('run', 'read-orders', '--partition', '2001-02-01')
  for (const task of ['sum-days', 'load-totals', 'all']) await redeye('pause', task)
  expect((await redeye('resume', 'load-totals')).out).toMatch(/\nstill paused: everything; redeye resume all\n$/)
  await redeye('pause', 'load-totals')
  expect((await redeye('resume', 'all')).out).toMatch(/\nstill paused: load-totals, sum-days; redeye resume NAME\n$/)
  await redeye('resume', 'load-totals')
  expect((await redeye('resume', 'sum-days')).out).not.toContain('still paused')
})

test('a pause starts nothing of what an ended runtime left', async () => {
  const { redeye, start, folder } = shop()
  const night = start('night', '2001-02-01')
  await night.said(/The night of/)
  night.child.kill('SIGKILL')
  await night.ended
  await redeye('pause', 'all')
  expect(runsIn(folder).filter(r => r.state === 'succeeded').length).toBeLessThan(4)
  await redeye('resume', 'all')
  await redeye('night', '2001-02-01')
  expect(runsIn(folder).filter(r => r.state === 'succeeded')).toHaveLength(4)
})

test('a run is cancelled, and stays so until a request selects it', async () => {
  const { redeye, folder } = shop()
  await redeye('night', '2001-02-01')
  expect((await redeye('cancel', 'sum-weeks@2001-W05')).out).toBe('sum-weeks@2001-W05 is cancelled.\n')
  await redeye('request', 'read-orders', '--from', '2001-02-02', '--to', '2001-02-04')
  expect(stateOf(folder, 'sum-weeks@2001-W05')).toBe('cancelled')
  expect(await redeye('cancel', 'sum-weeks@2001-W05')).toMatchObject({
    exit: 1,
    out: 'sum-weeks@2001-W05 is cancelled: nothing to cancel.\n',
  })
  await redeye('request', 'sum-weeks', '--from', '2001-W05', '--run', 'all')
  expect(stateOf(folder, 'sum-weeks@2001-W05')).toBe('succeeded')
})

test('a delivery becomes a version; the next one holds its reader until it is approved', async () => {
  const { redeye, write, folder } = shop()
  write('prices.csv', 'product,cents\nfig,120\npear,90\n')
  const first = await redeye('deliver', 'prices@2001-02-01', 'prices.csv')
  expect([first.exit, first.err]).toEqual([0, ''])
  expect(runsIn(folder)).toEqual([{ run: 'count-prices@2001-02-01', state: 'succeeded', generation: 1, published: 1 }])
  await redeye('deliver', 'prices@2001-02-01', 'prices.csv')
  expect(stateOf(folder, 'count-prices@2001-02-01')).toBe('held')
  expect((await redeye('status')).out).toContain('Held, until approved or cancelled\n  count-prices@2001-02-01\n')
  expect((await redeye('approve', 'count-prices@2001-02-01')).exit).toBe(0)
  expect(runsIn(folder)).toEqual([{ run: 'count-prices@2001-02-01', state: 'succeeded', generation: 2, published: 2 }])
  expect(await redeye('approve', 'count-prices@2001-02-01')).toMatchObject({ exit: 1, out: expect.stringContaining('not held') })
})

test('with --json each says what was published, and whether it took effect', async () => {
  const { redeye, write, lines } = shop()
  write('prices.csv', 'product,cents\nfig,120\n')
  const last = async (...args: string[]) => {
    const { exit, out } = await redeye(...args, '--json')
    return [exit, lines(out).at(-1)]
  }
  const files = [expect.stringMatching(/prices\.csv$/)]
  const delivered = { event: 'VersionDelivered', dataset: 'prices', partition: '2001-02-01', files, done: true }
  expect(await last('deliver', 'prices@2001-02-01', 'prices.csv')).toEqual([0, delivered])
  expect(await last('approve', 'count-prices@2001-02-01')).toEqual([
    1,
    { event: 'RunApproved', task: 'count-prices', partition: '2001-02-01', done: false },
  ])
  expect(await last('pause', 'all')).toEqual([0, { event: 'TaskPaused', task: 'all', done: true }])
  expect(await last('cancel', 'count-prices@2001-02-01')).toEqual([
    1,
    { event: 'RunCancelled', task: 'count-prices', partition: '2001-02-01', done: false },
  ])
  expect(await last('skip', 'prices@2001-02-02')).toEqual([
    0,
    { event: 'PartitionSkipped', dataset: 'prices', partition: '2001-02-02', done: true },
  ])
  expect(await last('resume', 'all')).toEqual([0, { event: 'TaskResumed', task: 'all', done: true }])
})

test('what does not fit is no delivery', async () => {
  const { redeye, write, folder } = shop()
  write('prices.csv', 'product,cents\nfig,cheap\n')
  const { exit, out, err } = await redeye('deliver', 'prices@2001-02-01', 'prices.csv')
  expect([exit, out]).toEqual([2, expect.stringContaining('✗')])
  expect(out).not.toContain('✓')
  expect(err).toMatch(/prices@2001-02-01: \S*prices\.csv: row 1 has cents "cheap"/)
  expect(runsIn(folder)).toEqual([])
  expect((await redeye('deliver', 'prices@2001-02-01', 'none.csv')).err).toContain('there is no file')
  expect((await redeye('deliver', 'orders@2001-02-01', 'prices.csv')).err).toContain('orders is made by read-orders')
})

test('a partition that is skipped is not waited for', async () => {
  const { redeye, folder } = shop()
  await redeye('request', 'read-orders', '--from', '2001-02-01', '--to', '2001-02-03')
  expect(stateOf(folder, 'sum-weeks@2001-W05')).toBe('waiting')
  expect((await redeye('skip', 'day_totals@2001-02-04')).exit).toBe(0)
  expect(stateOf(folder, 'sum-weeks@2001-W05')).toBe('succeeded')
})

test.each([
  [['pause', 'sum-day'], 'did you mean sum-days?'],
  [['cancel', 'sum-days'], '"sum-days" is not TASK@PARTITION'],
  [['approve', 'sum-days@today'], 'BAD_PARTITION'],
  [['skip', 'order@2001-02-01'], 'did you mean orders?'],
])('%j is bad input', async (args, message) => {
  const { redeye, served } = shop()
  await redeye('run', 'read-orders', '--partition', '2001-02-01')
  const { exit, out, err } = await served(...args)
  expect([exit, out]).toEqual([2, ''])
  expect(err).toContain(message)
})

test('before anything has run there is nothing to steer', async () => {
  const { redeye } = shop()
  expect(await redeye('pause', 'all')).toMatchObject({ exit: 2, err: expect.stringContaining('nothing has run yet') })
})

test('a runtime that runs is told', async () => {
  const { start, redeye, folder } = shop()
  const dev = start('dev')
  await dev.said(/ up {2}/)
  expect((await redeye('pause', 'sum-days')).exit).toBe(0)
  await redeye('night', '2001-02-01')
  expect(stateOf(folder, 'sum-days@2001-02-01')).toBe('queued')
  expect((await redeye('cancel', 'sum-days@2001-02-01')).out).toBe('sum-days@2001-02-01 is cancelled.\n')
  expect(stateOf(folder, 'sum-days@2001-02-01')).toBe('cancelled')
  dev.child.kill('SIGINT')
  await dev.ended
})
