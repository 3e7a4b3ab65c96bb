import { jest } from '@jest/globals'
import { type DoctorOptions, doctor, type ReadQuotas } from '../../cli/doctor.ts'
import type { Read } from '../../shared/aws/deploy/quotas.ts'
import { soundProject, trialProject } from './trial-project.ts'

let said = ''
beforeEach(() => {
  said = ''
  jest.spyOn(process.stdout, 'write').mockImplementation(text => {
    said += text
    return true
  })
})
afterEach(() => jest.restoreAllMocks())

const params = 'params: { default: { region: eu-west-1 }, prod: { region: eu-west-1, standby: eu-central-1 } }\n'

/** Asks the doctor where every quota is as a region has it. */
async function asked(values: (region: string) => Read | undefined, options: Partial<DoctorOptions> = {}) {
  const { folder } = trialProject({ ...soundProject(), 'serverless.yml': params })
  const regions: string[] = []
  const read: ReadQuotas = async (needed, region) => {
    regions.push(region)
    const value = values(region)
    return new Map(needed.flatMap(n => (value === undefined ? [] : [[n.code, value]])))
  }
  return { exit: await doctor(folder, { stage: 'dev', ...options }, read), regions }
}

test('the stage’s own region is asked, not the environment’s', async () => {
  expect(await asked(() => 1000)).toEqual({ exit: 0, regions: ['eu-west-1'] })
  expect(said).toContain('✓ the quotas of eu-west-1 are enough')
  expect((await asked(() => 1000, { region: 'us-west-2' })).regions).toEqual(['us-west-2'])
})

test('of a stage in two regions each is asked, for either may have to write', async () => {
  const short = (region: string) => (region === 'eu-central-1' ? 10 : 1000)
  expect(await asked(short, { stage: 'prod' })).toEqual({ exit: 1, regions: ['eu-west-1', 'eu-central-1'] })
  expect(said).toMatch(/^eu-west-1 +has {2}needs\n(.*enough\n){3}\neu-central-1 +has {2}needs\n/)
  expect(said).toContain('eu-west-1 and eu-central-1: 1 quota too little')
})

test('what is not known is not taken for enough', async () => {
  expect((await asked(() => undefined)).exit).toBe(1)
  expect(said).toContain('eu-west-1: of 3 quotas it is not known whether enough')
  said = ''
  expect((await asked(() => ({ denied: 'servicequotas:GetServiceQuota' }))).exit).toBe(1)
  expect(said).toContain('allow servicequotas:GetServiceQuota')
})

test('as JSON each has its region', async () => {
  await asked(() => 1000, { stage: 'prod', json: true })
  expect(JSON.parse(said).map((j: { region: string }) => j.region)).toEqual([
    ...Array(3).fill('eu-west-1'),
    ...Array(3).fill('eu-central-1'),
  ])
})
