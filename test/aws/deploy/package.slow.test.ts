import { cpSync, existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { jest } from '@jest/globals'
import { type OslsEnd, osls } from '../../../cli/osls-command.ts'
import type { Resource } from '../../../shared/aws/deploy/template.ts'
import { installLinters, lint } from './linters.ts'
import { root } from './tasks.ts'

// Nine packages, and two linters of Python over all of them.
jest.setTimeout(900_000)

/** What checkov would have otherwise, and why it is as it is. An exception that no template needs any more is taken away. */
const exceptions: Record<string, string> = {
  CKV_AWS_18: 'who read what is CloudTrail’s to say (audit: true); access logs would be a bucket that nobody reads',
  CKV_AWS_21: 'the deployment bucket’s files have the time of their deployment in their names',
  CKV_AWS_26: 'AWS’s own key for SNS lets no alarm publish; customerKey: true encrypts, and the mails themselves go in the clear',
  CKV_AWS_27: 'it is encrypted, with SQS’s own key',
  CKV_AWS_35: 'the trail is encrypted with S3’s own key',
  CKV_AWS_67: 'lake and ledger are in this region',
  CKV_AWS_111: 'Lambda makes and removes network interfaces whose names nobody knows before, and refuses roles that name some',
  CKV_AWS_115: 'reserved concurrency is taken from everyone else; how many runs there are at once is the ledger’s to say',
  CKV_AWS_116: 'failures go to destinations, which say why; a dead-letter queue of a function would not',
  CKV_AWS_117: 'S3 and DynamoDB are reached without a network; what needs one says network: private',
  CKV_AWS_158: 'logs are encrypted by CloudWatch; they hold names and counts, no data',
  CKV_AWS_173: 'there are names in the environment, and no secrets',
}

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'redeye-package-')))
afterAll(() => rmSync(folder, { recursive: true }))

/** The project with one task that reaches a private source. */
function inPrivateNetwork(task: string): string {
  for (const name of ['package.json', 'serverless.yml', 'services'])
    cpSync(join(root, name), join(folder, name), { recursive: true, filter: from => !from.includes('.serverless') })
  for (const name of ['datasets', 'events', 'shared', 'node_modules', 'tsconfig.json']) symlinkSync(join(root, name), join(folder, name))
  const file = join(folder, 'services', task, 'task.ts')
  writeFileSync(file, readFileSync(file, 'utf8').replace('transform({', "transform({\n  network: 'private',"))
  return join(folder, 'services', task)
}

const everything = ['network=true', 'audit=true', 'customerKey=true', 'email=nights@example.com']
const twoRegions = ['region=eu-west-1', 'standby=eu-central-1']
const packages = [
  ['the platform', root, []],
  ['the platform with all it may have', root, everything],
  ['the platform of a stage in two regions', root, twoRegions],
  ['the same in the region that stands by', root, twoRegions, 'eu-central-1'],
  ['the same with keys of their own', root, [...twoRegions, 'customerKey=true']],
  ['a transform', join(root, 'services/airport-day'), []],
  ['a transform on arm64', join(root, 'services/airport-day'), ['architecture=arm64']],
  ['a transform in the private network', inPrivateNetwork('airport-day'), []],
  ['a load, with a key of its own', join(root, 'services/send-late-routes'), ['customerKey=true']],
] as const satisfies [name: string, folder: string, params: readonly string[], region?: string][]
const inside: (typeof packages)[number][0] = 'a transform in the private network'
const templateOf = (name: string) => join(folder, name.replaceAll(' ', '-'), 'cloudformation-template-update-stack.json')
const ends = new Map<string, OslsEnd>()
let linted: Awaited<ReturnType<typeof lint>>

// Those of one service go by way of the same folder, one after the other.
beforeAll(async () => {
  const packaging = [...Map.groupBy(packages, ([, service]) => service).values()].map(async ofOne => {
    for (const [name, service, params, region = 'eu-west-1'] of ofOne) {
      const args = ['package', '--stage', 'dev', '--region', region, '--package', dirname(templateOf(name))]
      ends.set(name, await osls(service, [...args, ...params.flatMap(p => ['--param', p])]))
    }
  })
  await Promise.all(packaging)
  installLinters()
  linted = await lint(packages.map(([name]) => templateOf(name)).filter(existsSync))
})

test.each(packages.map(([name]) => name))('%s packages; neither linter has an error', name => {
  const { ok, output } = ends.get(name)!
  expect(ok ? '' : output).toBe('')
  const template = templateOf(name)
  const { errors, insecure } = linted.get(template)!
  expect(errors).toEqual([])
  expect(insecure.filter(f => !(f.check in exceptions))).toEqual([])
  const { Resources } = JSON.parse(readFileSync(template, 'utf8')) as { Resources: Record<string, Resource> }
  expect(JSON.stringify(Resources).includes('VpcConfig')).toBe(name === inside)
  // Versions of functions would each keep their code.
  expect(Object.values(Resources).filter(r => r.Type === 'AWS::Lambda::Version')).toEqual([])
})

test('each exception is still one', () => {
  const needed = new Set([...linted.values()].flatMap(({ insecure }) => insecure.map(f => f.check)))
  expect(Object.keys(exceptions).filter(check => !needed.has(check))).toEqual([])
})
