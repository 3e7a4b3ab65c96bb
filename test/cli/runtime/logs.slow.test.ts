import { shop } from './shop.ts'

test('what the newest attempt said, or the one that is named', async () => {
  const { redeye, lines } = shop()
  await redeye('run', 'read-orders', '--partition', '2001-02-02')
  await redeye('run', 'read-orders', '--partition', '2001-02-02')
  const { exit, out } = await redeye('logs', 'read-orders@2001-02-02')
  expect(exit).toBe(0)
  expect(out).toMatch(/^\d\d:\d\d:\d\d {2}attempt began {2}generation 2 {2}attempt 1 {2}lane \w+\n[\s\S]*published {2}rows 20 {2}bytes /)
  expect(lines((await redeye('logs', 'read-orders@2001-02-02', '--generation', '1', '--json')).out)).toEqual(
    expect.arrayContaining([expect.objectContaining({ at: expect.any(String), message: 'attempt began', generation: 1, attempt: 1 })]),
  )
})

test('followed until the run is over', async () => {
  const { start, redeye } = shop()
  await redeye('run', 'read-orders', '--partition', '2001-02-02')
  const { exit, out } = await redeye('logs', 'read-orders@2001-02-02', '--follow')
  expect(exit).toBe(0)
  expect(out).toMatch(/published/)
  const waits = start('logs', 'sum-days@2001-02-02', '--follow')
  await redeye('run', 'sum-days', '--partition', '2001-02-02')
  expect(await waits.ended).toBe(0)
  expect(waits.text.out).toMatch(/attempt began[\s\S]*published/)
})

test('what is not there is said', async () => {
  const { redeye } = shop()
  expect((await redeye('logs', 'read-orders@2001-02-02')).err).toContain('nothing has run yet')
  await redeye('run', 'read-orders', '--partition', '2001-02-02')
  expect(await redeye('logs', 'read-orders@2001-02-03')).toEqual({ exit: 1, out: 'read-orders@2001-02-03 has not run\n', err: '' })
  expect(await redeye('logs', 'read-orders@2001-02-02', '--attempt', '2')).toMatchObject({
    exit: 2,
    err: 'UNKNOWN_NAME read-orders@2001-02-02 has no such attempt\n  → its newest is attempt 1 of generation 1\n',
  })
  expect((await redeye('logs', 'read-order@2001-02-02')).err).toContain('did you mean read-orders?')
  expect((await redeye('logs', 'read-orders')).err).toContain('"read-orders" is not TASK@PARTITION')
})
