import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configuredRegion } from '../../shared/aws/configured-region.ts'

const names = ['AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_PROFILE', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'] as const
const before = { ...process.env }
const folder = mkdtempSync(join(tmpdir(), 'redeye-region-'))
beforeAll(() => writeFileSync(join(folder, 'config'), '[profile night]\nregion = eu-central-1\n[profile bare]\noutput = json\n'))
afterAll(() => rmSync(folder, { recursive: true }))
beforeEach(() => {
  for (const name of names) delete process.env[name]
  process.env.AWS_CONFIG_FILE = join(folder, 'config')
  process.env.AWS_SHARED_CREDENTIALS_FILE = join(folder, 'credentials')
})
afterAll(() => {
  for (const name of names) before[name] === undefined ? delete process.env[name] : (process.env[name] = before[name])
})

test('is the environment’s, by either name', async () => {
  Object.assign(process.env, { AWS_PROFILE: 'night', AWS_DEFAULT_REGION: 'us-west-2' })
  expect(await configuredRegion()).toBe('us-west-2')
  process.env.AWS_REGION = 'eu-west-1'
  expect(await configuredRegion()).toBe('eu-west-1')
})

test('is the profile’s where the environment says none', async () => {
  process.env.AWS_PROFILE = 'night'
  expect(await configuredRegion()).toBe('eu-central-1')
})

test('is asked for where neither says one', async () => {
  await expect(configuredRegion()).rejects.toMatchObject({
    code: 'BAD_ARGUMENT',
    failure: 'user',
    message: expect.stringContaining('no profile'),
  })
  process.env.AWS_PROFILE = 'bare'
  await expect(configuredRegion()).rejects.toMatchObject({ message: expect.stringContaining('the profile bare names none') })
})
