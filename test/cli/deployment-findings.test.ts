import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { deploymentFindings } from '../../cli/deployment-findings.ts'
import { loadProject } from '../../shared/task/project.ts'
import { datasetFile, soundProject, trialProject } from './trial-project.ts'

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

describe('a name that is no setting is told with those that are', () => {
  const brief = async (yaml: string) => (await findingsOf(yaml)).map(f => `${f.severity} ${f.line}:${f.column} ${f.message} → ${f.remedy}`)

  test.each<[string, string]>([
    ['params:\n  default:\n    zoen: UTC\n', '3:5 no setting of a stage is called zoen → did you mean zone?'],
    ['params:\n  default: {}\n  dev:\n    protcet: false\n', '4:5 no setting of a stage is called protcet → did you mean protect?'],
    ['parms:\n  default: {}\n', '1:1 what is under parms is chosen for no stage → did you mean params?'],
    ['params:\n  defualt: {}\n', '2:3 what is under defualt is chosen for a stage of that name alone → did you mean default?'],
    ['params:\n  zone: UTC\n', '2:3 zone is chosen for no stage → put it under default, or under a stage'],
  ])('%j', async (yaml, expected) => {
    expect(await brief(yaml)).toEqual([`warning ${expected}`])
  })

  test('though none is near, and once for each stage that says it', async () => {
    expect(await brief('params:\n  default: { timezone: UTC }\n  dev: { timezone: UTC }\n')).toEqual([
      expect.stringMatching(
        /^warning 2:14 no setting of a stage is called timezone → choose from .*zone, nightAt.*; .* a \$\{param:timezone\} uses$/,
      ),
      expect.stringMatching(/^warning 3:10 /),
    ])
  })

  test('but for one of the project’s own', async () => {
    const params = (use: string) => `params:\n  default: { bucket: mine }\ncustom:\n  bucket: ${use}\n`
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what osls resolves
    for (const use of ['${param:bucket}', "${opt:bucket, param:bucket, 'none'}"]) expect(await brief(params(use))).toEqual([])
    expect(await brief(params('bucket'))).toHaveLength(1)
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what osls resolves
    const elsewhere = { 'services/clean-orders/resources.yml': 'Name: ${param:bucket}\n', 'serverless.yml': params('bucket') }
    expect(deploymentFindings(await loadProject(trialProject({ ...soundProject(), ...elsewhere }).folder), NOW)).toEqual([])
  })
})

describe('what is wrong stands where the stage says it, else where all do', () => {
  const at = async (stages: string) =>
    (await findingsOf(`# zone: nightAt:\nparams:\n${stages}`)).map(f => `${f.line}:${f.column} ${f.message.split(',')[0]}`)

  test.each<[string, string, string[]]>([
    [
      'a time of its own in the zone of all',
      "  default:\n    zone: Europe/Madrid\n    nightAt: '03:30'\n  dev:\n    nightAt: '02:30'\n",
      ['7:5 nightAt is 02:30'],
    ],
    [
      'its own zone at the time of all',
      "  default:\n    nightAt: '02:30'\n  dev:\n    protect: false\n    zone: Europe/Madrid\n",
      ['7:5 nightAt is 02:30'],
    ],
    [
      'that of all once',
      "  dev: { protect: false }\n  default: { zone: Europe/Madrid, nightAt: '02:30' }\n  prod: {}\n",
      ['4:35 nightAt is 02:30'],
    ],
    ['each stage its own', '  a: { zone: X }\n  b: { zone: X }\n  default: { zone: UTC }\n', ['3:8 zone is "X"', '4:8 zone is "X"']],
    ['by another name', '  a: &a { traces: 5 }\n  b: *a\n', ['3:11 traces is 5']],
    ['a region that is not said', '  default: { zone: UTC }\n  dev: { standby: eu-west-1 }\n', ['4:10 standby is eu-west-1']],
    ['a name for a stage that is none', '  dev: {}\n  Prod: {}\n', ['4:3 "Prod" is no name for a stage']],
  ])('%s', async (_, stages, expected) => {
    expect(await at(stages)).toEqual(expected)
  })
})

test('a project without a platform has nothing to find', async () => {
  expect(deploymentFindings(await loadProject(trialProject(soundProject()).folder), NOW)).toEqual([])
})

describe('a task with very many inputs', () => {
  const findings = async (inputs: number) => {
    const { folder, write } = trialProject(soundProject())
    const datasets = Array.from({ length: inputs }, (_, i) => `ledger_entries_${i + 10}`)
    for (const name of datasets) write(`datasets/${name}.ts`, datasetFile(name, 'outside: true'))
    write('datasets/index.ts', ['clean', ...datasets].map(d => `export { ${d} } from './${d}.ts'\n`).join(''))
    write('services/clean-orders/clean-orders.sql', `SELECT id, city FROM ${datasets[0]}\n`)
    write(
      'services/clean-orders/task.ts',
      `import { same, transform } from 'redeye/task'
import { clean, ${datasets.join(', ')} } from '#datasets'

export default transform({ inputs: { ${datasets.map(d => `${d}: same(${d})`).join(', ')} }, output: clean, sql: 'clean-orders.sql' })
`,
    )
    rmSync(join(folder, 'services/weekly-report'), { recursive: true })
    return deploymentFindings(await loadProject(folder), NOW)
  }

  test('is refused when a role of it would be longer than IAM takes, before its rule is longer than EventBridge does', async () => {
    expect(await findings(50)).toEqual([])
    const found = await findings(70)
    expect(found.map(f => f.message.replace(/\d{5} ch/, 'so many ch'))).toEqual(
      ['decide', 'work'].map(
        role => `clean-orders: the policy of its ${role} has so many characters in the stage with the longest name, and IAM takes 10240`,
      ),
    )
    expect(found[0]).toMatchObject({
      file: 'services/clean-orders/task.ts',
      line: 4,
      remedy: 'give it fewer inputs: let another task join some of them first',
    })
  })

  test('and for its rule too', async () => {
    expect((await findings(100)).map(f => f.message.split(' has ')[0])).toEqual([
      "clean-orders: its rule's pattern",
      'clean-orders: the policy of its decide',
      'clean-orders: the policy of its work',
    ])
  })
})
