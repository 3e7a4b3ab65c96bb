import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkedSettings, stageSettings } from '../../../shared/aws/deploy/stage-settings.ts'

const folder = mkdtempSync(join(tmpdir(), 'redeye-settings-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('a stage has its own choices, then those of all, then ours; the command line goes before them', () => {
  writeFileSync(
    join(folder, 'serverless.yml'),
    "params:\n  default: { zone: Europe/Madrid, nightAt: '04:00' }\n  prod: { nightAt: '05:00', laneLimits: { backfill: 20 } }\n",
  )
  expect(stageSettings(folder, 'prod', ['architecture=arm64', 'audit=true'])).toMatchObject({
    stage: 'prod',
    zone: 'Europe/Madrid',
    nightAt: '05:00',
    laneLimits: { backfill: 20 },
    architecture: 'arm64',
    audit: true,
    protect: true,
    logRetentionDays: 30,
  })
})

test('a folder without a platform has all defaults', () => {
  expect(stageSettings('/nowhere', 'dev')).toMatchObject({ zone: 'UTC', nightAt: '03:30', network: false })
})

test.each([
  [{ zone: 'Mars/Olympus' }, 'zone', 'an IANA time zone'],
  [{ nightAt: '25:00' }, 'nightAt', "a time in quotes, like '03:30'"],
  // YAML reads an unquoted 03:30 as a number of minutes.
  [{ nightAt: 210 }, 'nightAt', "a time in quotes, like '03:30'"],
  [{ email: 'somebody' }, 'email', 'an address'],
  [{ architecture: 'sparc' }, 'architecture', 'arm64 or x86_64'],
  [{ logRetentionDays: 31 }, 'logRetentionDays', 'one of 1, 3, 5'],
  [{ laneLimits: { weekly: 3 } }, 'laneLimits', 'whole numbers from 1 by lane'],
  [{ network: 'yes' }, 'network', 'true or false'],
  [{ traces: 5 }, 'traces', 'a share from 0 to 1'],
  [{ sparkNightlyCpus: 1 }, 'sparkNightlyCpus', 'a whole number from 4'],
  [{ region: 'Madrid' }, 'region', 'a region, like eu-west-1'],
  [{ standby: 'eu-central-1' }, 'standby', 'say region too'],
  [{ region: 'eu-west-1', standby: 'eu-west-1' }, 'standby', 'choose two regions'],
])('%j is refused', (given, name, remedy) => {
  expect(() => checkedSettings('dev', given)).toThrow(
    expect.objectContaining({ message: expect.stringContaining(name), remedy: expect.stringContaining(remedy) }),
  )
})

describe('what is wrong is told once, with its place', () => {
  const settings = (yaml: string, ...given: string[]) => {
    writeFileSync(join(folder, 'serverless.yml'), yaml)
    return () => stageSettings(folder, 'dev', given)
  }
  const yaml = 'params:\n  default: { zone: UTC }\n  dev: { zone: Mars }\n'
  const refused = (message: string, place: object) => expect.objectContaining({ code: 'BAD_ARGUMENT', message, place })

  test('of the file', () => {
    expect(settings(yaml)).toThrow(refused('zone is "Mars"', { file: 'serverless.yml', line: 3, column: 10 }))
  })

  test('which what the command line says has none in', () => {
    expect(settings(yaml, 'zone=Moon')).toThrow(refused('zone is "Moon"', {}))
  })

  test('a param of the command line that nothing asks for is refused', () => {
    expect(settings(yaml, 'zone=UTC', 'zoen=UTC')).toThrow(
      expect.objectContaining({ message: '--param zoen: no setting of a stage is called zoen', remedy: 'did you mean zone?' }),
    )
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what osls resolves
    expect(settings('custom: { name: "${param:zoen}" }\n', 'zone=UTC', 'zoen=UTC')()).toMatchObject({ zone: 'UTC' })
  })
})

test.each(['Prod', 'my_stage', 'a-stage-with-a-long-name', '', 'prod-', 'prod--eu', 'my-task', 'platform'])('"%s" is no stage', stage => {
  expect(() => checkedSettings(stage, {})).toThrow('is no name for a stage')
})
