import { deploymentFindings } from '../../cli/deployment-findings.ts'
import { loadProject } from '../../shared/task/project.ts'
import { soundProject, trialProject } from './trial-project.ts'

const NOW = Date.parse('2026-01-01T00:00:00Z')
const findingsOf = async (yaml: string) => {
  const project = trialProject({ ...soundProject(), 'serverless.yml': yaml })
  return deploymentFindings(await loadProject(project.folder), NOW)
}

test('a night at a time that the zone skips is refused, with the day', async () => {
  const found = await findingsOf("params:\n  default:\n    zone: Europe/Madrid\n    nightAt: '02:30'\n")
  expect(found).toEqual([
    {
      code: 'BAD_DATE',
      severity: 'error',
      file: 'serverless.yml',
      line: 4,
      column: 5,
      message: 'nightAt is 02:30, and Europe/Madrid has no such time on 2026-03-29: that night would not begin',
      remedy: 'choose a time that every day has; clocks are put forward between midnight and three',
    },
  ])
})

test('one that every day has is none, though the clocks change', async () => {
  expect(
    await findingsOf("params:\n  default: { zone: Europe/Madrid, nightAt: '03:00' }\n  dev: { zone: UTC, nightAt: '02:30' }\n"),
  ).toEqual([])
})

test('a zone that puts its clocks forward at midnight skips the hour after it', async () => {
  const [found] = await findingsOf("params: { prod: { zone: Africa/Cairo, nightAt: '00:15' } }\n")
  expect(found!.message).toContain('Africa/Cairo has no such time on 2026-04-24')
})

test('a choice that cannot be stands once, with its place', async () => {
  const found = await findingsOf('params:\n  default:\n    logRetentionDays: 31\n  dev: {}\n')
  expect(found).toMatchObject([{ line: 3, column: 5, message: expect.stringContaining('logRetentionDays') }])
})

test('a project without a platform has nothing to find', async () => {
  expect(deploymentFindings(await loadProject(trialProject(soundProject()).folder), NOW)).toEqual([])
})
