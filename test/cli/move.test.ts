import { soundProject, trialProject } from './trial-project.ts'

const twoRegions = `service: redeye-platform
params:
  prod: { region: eu-west-1, standby: eu-central-1 }
`

test.each([
  [['eu-central-1'], 'stage dev is not in eu-central-1', 'a second one is standby under params in serverless.yml'],
  [['us-east-1', '--stage', 'prod'], 'stage prod is not in us-east-1', 'it is in eu-west-1 and eu-central-1'],
  [['eu-central-1', '--drain', 'long'], "'--drain <minutes>' argument 'long' is invalid", 'a whole number from 1'],
  [[], "missing required argument 'region'", ''],
])('%j is bad input', async (args, message, remedy) => {
  const project = trialProject({ ...soundProject(), 'serverless.yml': twoRegions })
  const { exit, out, err } = await project.redeye('move', ...args)
  expect([exit, out]).toEqual([2, ''])
  expect(err).toContain(message)
  expect(err).toContain(remedy)
})

test('help says what each option gives up', async () => {
  const { exit, out } = await trialProject(soundProject()).redeye('move', '--help')
  expect(exit).toBe(0)
  for (const word of ['--check', '--lost', '--drain', '--settle', '--arrive', '--json', 'goes on']) expect(out).toContain(word)
})
