import { whyItFailed } from '../../cli/osls-command.ts'
import { soundProject, trialProject } from './trial-project.ts'

const project = () => trialProject(soundProject())

test('a service that is not there is not deployed; the one that was perhaps meant is named', async () => {
  const { exit, err } = await project().redeye('deploy', 'clean-order')
  expect([exit, err]).toEqual([2, expect.stringContaining('did you mean clean-orders?')])
})

test('a project with errors is not deployed', async () => {
  const broken = project()
  broken.write('services/clean-orders/clean-orders.sql', 'SELECT o.id, o.town AS city FROM orders AS o JOIN regions AS r ON r.id = o.id\n')
  const { exit, out } = await broken.redeye('deploy', '--check')
  expect([exit, out]).toEqual([2, expect.stringContaining('services/clean-orders/clean-orders.sql:1:16 error o has no column "town"')])
})

test('a task without a serverless.yml cannot be retired', async () => {
  const { exit, err } = await project().redeye('retire', 'clean-orders')
  expect([exit, err]).toEqual([2, expect.stringContaining('there is no services/clean-orders/serverless.yml')])
})

describe('an AWS that does not answer', () => {
  const given = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9', AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y', AWS_REGION: 'eu-west-1' }
  const before = { ...process.env }
  beforeAll(() => void Object.assign(process.env, given))
  afterAll(() => {
    for (const name of Object.keys(given)) before[name] === undefined ? delete process.env[name] : (process.env[name] = before[name])
  })

  test.each([
    [['deploy', '--check'], 'ssm:GetParameter on parameter/redeye/dev/table failed'],
    [['doctor'], 'servicequotas:GetServiceQuota on the quotas of eu-west-1 failed'],
    [['retire', 'clean-orders'], 'ssm:GetParameters on parameter/redeye/dev/* failed'],
  ])('%j says what was asked, and where to look', async (args, message) => {
    const at = project()
    at.write('services/clean-orders/serverless.yml', 'service: clean-orders\nprovider: aws\nplugins: [redeye/deploy]\n')
    const { exit, out, err } = await at.redeye(...args)
    expect([exit, out]).toEqual([1, ''])
    expect(err).toContain(message)
    expect(err).toContain('see whether AWS can be reached from here, by AWS_REGION, AWS_PROFILE and AWS_ENDPOINT_URL')
  })
})

test('without a region nothing is asked of another one', async () => {
  const before = { ...process.env }
  for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE']) delete process.env[name]
  process.env.AWS_CONFIG_FILE = '/nowhere'
  try {
    const { exit, err } = await project().redeye('deploy', '--check')
    expect([exit, err]).toEqual([2, expect.stringMatching(/which region\?(.|\n)*AWS_REGION, or AWS_PROFILE(.|\n)*serverless\.yml/)])
  } finally {
    delete process.env.AWS_CONFIG_FILE
    Object.assign(process.env, before)
  }
})

test('of what osls says, the error is shown', () => {
  expect(whyItFailed('Deploying x\n\n× Stack failed (2s)\nEnvironment: linux\n\nError:\nNo credentials\n')).toBe('Error:\nNo credentials')
  expect(whyItFailed('something else')).toBe('something else')
})
