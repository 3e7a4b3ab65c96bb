import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { shop } from './shop.ts'

const sum = (text: string) => `select cast(count(*) as int) as orders, ${text} as cents from orders\n`

test('changes are taken up as they are saved; what is not sound is shown, and what runs goes on', async () => {
  const { start, redeye, write } = shop()
  const dev = start('dev')
  await dev.said(/ up {2}6 tasks/)
  await redeye('night', '2001-02-01')
  await dev.said(/✓ load-totals@2001-02-01/)

  write('services/sum-days/sum-days.sql', sum('sum(cent)'))
  await dev.said(/services\/sum-days\/sum-days\.sql:1:\d+ error[\s\S]*What runs goes on/)
  await redeye('night', '2001-02-02')
  await dev.said(/✓ load-totals@2001-02-02/)

  write('services/sum-days/sum-days.sql', sum('sum(cents + 1)'))
  await dev.said(/Changes are taken up\.[\s\S]* up {2}6 tasks/)
  await redeye('night', '2001-02-03')
  const { out } = await redeye('query', '--json', 'select _partition, cents from day_totals order by _partition')
  const cents = (JSON.parse(out) as { cents: unknown }[]).map(r => Number(r.cents))
  const day = (n: number) => Array.from({ length: 20 }, (_, i) => (((n - 1) * 20 + i) * 137) % 1000).reduce((a, b) => a + b, 0)
  expect(cents).toEqual([day(1), day(2), day(3) + 20])

  dev.child.kill('SIGINT')
  expect(await dev.ended).toBe('SIGINT')
  expect(dev.text.err).toBe('')
})

test('a second runtime on the same state says so and leaves', async () => {
  const { start, redeye } = shop()
  const dev = start('dev')
  await dev.said(/ up {2}/)
  expect(await redeye('dev')).toMatchObject({ exit: 1, err: expect.stringContaining('ALREADY_RUNNING another runtime holds') })
  dev.child.kill('SIGTERM')
  expect(await dev.ended).toBe('SIGTERM')
})

test('a supervisor that is killed leaves no runtime behind', async () => {
  const { start, redeye, folder } = shop()
  const dev = start('dev')
  await dev.said(/ up {2}/)
  dev.child.kill('SIGKILL')
  await dev.ended
  // The output's other end closes when the last process that holds it is gone, so the state is free now.
  rmSync(join(folder, 'services/count-prices'), { recursive: true })
  const { exit, out } = await redeye('night', '2001-02-01', '--json')
  expect(exit).toBe(0)
  expect(out).toContain('"night":"2001-02-01","succeeded":4')
})
