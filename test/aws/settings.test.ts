import { readSettings } from '../../shared/aws/settings.ts'
import { whole } from './environment.ts'

test('a function’s settings are its environment', () => {
  expect(readSettings(whole)).toMatchObject({ stage: 'dev', bus: 'redeye-dev', work: undefined, laneLimits: {} })
  expect(readSettings({ ...whole, REDEYE_WORK: 'redeye-dev-a-work', REDEYE_LANE_LIMITS: '{"backfill":20}' })).toMatchObject({
    work: 'redeye-dev-a-work',
    laneLimits: { backfill: 20 },
  })
})

test('who has to do with Spark is told both applications, and who submits jobs their role', () => {
  const applications = { REDEYE_SPARK_NIGHTLY: 'a1', REDEYE_SPARK_BACKFILL: 'a2' }
  expect(readSettings(whole).spark).toBeUndefined()
  expect(readSettings({ ...whole, ...applications }).spark).toEqual({ applications: { nightly: 'a1', backfill: 'a2' }, role: '' })
  expect(readSettings({ ...whole, ...applications, REDEYE_SPARK_ROLE: 'arn' }).spark).toMatchObject({ role: 'arn' })
})

test.each(Object.keys(whole))('without %s it does not begin', name => {
  expect(() => readSettings({ ...whole, [name]: '' })).toThrow(
    expect.objectContaining({
      code: 'NOT_DEPLOYED',
      failure: 'user',
      message: expect.stringContaining(name),
      remedy: expect.stringContaining('sls deploy --stage'),
    }),
  )
})

test('all that is missing is named at once, with what it is', () => {
  expect(() => readSettings({ REDEYE_STAGE: 'dev' })).toThrow(
    /variables REDEYE_TABLE \(the name of the ledger’s table\), REDEYE_BUS .*REDEYE_ZONE/,
  )
})

test.each([
  ['{', /no JSON/],
  ['[]', /no object/],
  ['{"evening":1}', /no lane evening/],
  ['{"backfill":0}', /whole number from 1/],
])('lane limits %s are refused', (REDEYE_LANE_LIMITS, why) => {
  expect(() => readSettings({ ...whole, REDEYE_LANE_LIMITS })).toThrow(why)
})
