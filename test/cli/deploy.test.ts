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

test('of what osls says, the error is shown', () => {
  expect(whyItFailed('Deploying x\n\n× Stack failed (2s)\nEnvironment: linux\n\nError:\nNo credentials\n')).toBe('Error:\nNo credentials')
  expect(whyItFailed('something else')).toBe('something else')
})
