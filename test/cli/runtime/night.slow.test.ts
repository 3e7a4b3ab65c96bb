import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runsIn, shop } from './shop.ts'

test('a night begun again starts nothing, and says how it went', async () => {
  const { redeye, lines } = shop()
  await redeye('night', '2001-02-01')
  const { exit, out } = await redeye('night', '2001-02-01', '--json')
  expect(exit).toBe(0)
  expect(lines(out)).toEqual([{ night: '2001-02-01', succeeded: 4, failed: 0, seconds: expect.any(Number) }])
})

test('a run that fails is told with its reason, and the exit code is 1', async () => {
  const { redeye, lines } = shop(14, {
    'services/sum-days/sum-days.sql': 'select cast(count(*) as int) as orders, sum(1 / (order_id - 5)) as cents from orders\n',
  })
  const { exit, out } = await redeye('night', '2001-02-01', '--json')
  expect(exit).toBe(1)
  expect(lines(out)).toContainEqual(
    expect.objectContaining({ task: 'sum-days', state: 'failed', rows: null, error: expect.objectContaining({ failure: 'user' }) }),
  )
  expect(lines(out).at(-1)).toMatchObject({ night: '2001-02-01', succeeded: 2, failed: 1 })
})

test('a project with an error is not run', async () => {
  const { redeye, write, folder } = shop()
  write('services/sum-days/task.ts', 'export default 1\n')
  const { exit, err } = await redeye('night', '2001-02-01')
  expect(exit).toBe(2)
  expect(err).toContain('services/sum-days/task.ts')
  expect(existsSync(join(folder, '.redeye/ledger.db'))).toBe(false)
})

test('Ctrl-C ends a night in order, and the next one goes on with it', async () => {
  const { start, redeye, lines } = shop()
  const night = start('night', '2001-02-01')
  await night.said(/The night of/)
  night.child.kill('SIGINT')
  expect(await night.ended).toBe('SIGINT')
  expect(night.text.err).toBe('')
  const { exit, out } = await redeye('night', '2001-02-01', '--json')
  expect(exit).toBe(0)
  expect(lines(out).at(-1)).toMatchObject({ succeeded: 4, failed: 0 })
})

test('a night whose reader leaves is played to its end', async () => {
  const { start, folder } = shop()
  const night = start('night', '2001-02-01', '--json')
  night.child.stdout!.destroy()
  expect(await night.ended).toBe(0)
  expect(night.text.err).toBe('')
  expect(runsIn(folder).map(r => [r.run, r.state])).toContainEqual(['load-totals@2001-02-01', 'succeeded'])
})

test('a night beside a runtime that runs is done by it, and shown here', async () => {
  const { start, redeye, lines } = shop()
  const dev = start('dev')
  await dev.said(/ up {2}/)
  const { exit, out } = await redeye('night', '2001-02-01', '--json')
  expect(exit).toBe(0)
  expect(lines(out).map(l => l.task)).toEqual(expect.arrayContaining(['read-orders', 'sum-days', 'list-customers', 'load-totals']))
  expect(lines(out).at(-1)).toMatchObject({ night: '2001-02-01', succeeded: 4, failed: 0 })
  dev.child.kill('SIGINT')
  expect(await dev.ended).toBe('SIGINT')
})
