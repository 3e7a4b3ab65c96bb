import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { jest } from '@jest/globals'
import { mockClient } from 'aws-sdk-client-mock'
import { type RetireWorld, retire } from '../../cli/retire.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { readGraph } from '../../shared/engine/graph.ts'
import { type PauseDoc, pauseKey, runKey } from '../../shared/engine/keys.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'
import { sdkError } from '../aws/sdk.ts'
import { soundProject, trialProject } from './trial-project.ts'

const story = parseStory(
  `
story: a task that is retired
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
  report: { partition: daily, from: 2026-03-01 }
tasks:
  clean-orders: { inputs: { orders: same }, output: clean }
  reporting: { inputs: { clean: same }, output: report }
steps: []
`,
  'retire.yaml',
)
const states = { '02': 'waiting', '03': 'queued', '04': 'running', '05': 'held', '06': 'succeeded' } as const

let said = ''
beforeEach(() => {
  said = ''
  jest.spyOn(process.stdout, 'write').mockImplementation(text => {
    said += text
    return true
  })
})
afterEach(() => jest.restoreAllMocks())

/** A stage with runs in every state, and an osls that only notes what it removes; the relay does what is due when the command waits. */
async function stage(fails: () => boolean = () => false) {
  const host = new StoryHost(story, story.now)
  await host.deploy()
  for (const [day, state] of Object.entries(states)) {
    const partition = `2026-03-${day}`
    const doc = { v: 1, dataset: 'clean', partition, task: 'clean-orders', state, generation: 1, attempt: 1, job: `app/${day}` }
    await host.ledger.put(runKey('clean', partition), doc, 0)
  }
  const happened: string[] = []
  host.world.spark = { cancel: async (job: string) => void happened.push(`stop ${job}`) } as typeof host.world.spark
  const runs = async () => (await host.ledger.query<RunDoc>('run/clean')).map(s => s.doc.state)
  const paused = async () => (await host.ledger.get<PauseDoc>(pauseKey('clean-orders')))?.doc.paused
  const on: RetireWorld = {
    open: async () => host.world,
    wait: async () => void (await host.drain()),
    osls: async (_, args) => {
      const region = args.at(-1)!
      const open = (await runs()).filter(s => s !== 'cancelled' && s !== 'succeeded').length
      const alive = (await readGraph(host.ledger)).task('clean-orders') ? 'its contract stands' : 'its contract is gone'
      happened.push(`${args[0]} in ${region}: ${open} open, ${(await paused()) ? 'paused' : 'not paused'}, ${alive}`)
      return { ok: !fails(), output: 'Error:\nthe stack is in use' }
    },
  }
  const { folder } = trialProject({
    ...soundProject(),
    'serverless.yml': 'params: { prod: { region: eu-west-1, standby: eu-central-1 } }\n',
    'services/clean-orders/serverless.yml': 'service: clean-orders\n',
  })
  const retired = (more = {}) => retire(folder, 'clean-orders', { stage: 'dev', region: 'eu-west-1', drain: 1, ...more }, on)
  return { host, happened, retired, runs, paused, on }
}

test('what runs is stopped while the service stands; then its stack goes, and last its contract', async () => {
  const { host, happened, retired, runs, paused } = await stage()
  expect(await retired()).toBe(0)
  expect(happened).toEqual(['stop app/04', 'remove in eu-west-1: 0 open, paused, its contract stands'])
  expect(await runs()).toEqual(['cancelled', 'cancelled', 'cancelled', 'cancelled', 'succeeded'])
  expect(await paused()).toBe(false)
  expect((await readGraph(host.ledger)).tasks.map(t => t.task)).toEqual(['reporting'])
  expect(host.timeline.entries.filter(e => e.run === 'platform').map(e => e.what)).toEqual([
    'the task clean-orders is gone; 4 of its runs are cancelled',
  ])
  expect(said).toContain('reporting reads clean, which nothing will make')
  expect(said).toContain('1 attempt had no end in time and will be cancelled')
})

test('what ends in time is not cancelled', async () => {
  const { host, retired, runs, on } = await stage()
  on.wait = async () => {
    const { rev, doc } = (await host.ledger.get<RunDoc>(runKey('clean', '2026-03-04')))!
    if (doc.state === 'running') await host.ledger.put(runKey('clean', '2026-03-04'), { ...doc, state: 'succeeded' }, rev)
  }
  expect(await retired()).toBe(0)
  expect((await runs())[2]).toBe('succeeded')
})

test('an attempt that nobody stops keeps the stack; said again, the command goes on', async () => {
  const { happened, retired, paused, on, host } = await stage()
  const { wait } = on
  on.wait = async () => {}
  expect(await retired()).toBe(1)
  expect([happened, await paused()]).toEqual([[], true])
  expect(said).toContain('clean-orders is paused, its open runs are cancelled, and its attempts are not stopped yet; its contract stands')
  on.wait = wait
  expect(await retired()).toBe(0)
  expect(happened.map(h => h.split(' ')[0])).toEqual(['stop', 'remove'])
  expect((await readGraph(host.ledger)).task('clean-orders')).toBeUndefined()
})

test('a stack that cannot be removed leaves a paused task; said again, the command goes on', async () => {
  let fails = true
  const { happened, retired, paused, host } = await stage(() => fails)
  expect(await retired()).toBe(1)
  expect(said).toContain('Error:\nthe stack is in use')
  expect(said).toContain('to go on: redeye retire clean-orders --stage dev')
  expect(said).toContain('to keep it: redeye deploy clean-orders --stage dev')
  expect([(await readGraph(host.ledger)).task('clean-orders')?.task, await paused()]).toEqual(['clean-orders', true])
  fails = false
  expect(await retired()).toBe(0)
  expect(happened.at(-1)).toBe('remove in eu-west-1: 0 open, paused, its contract stands')
  expect(await paused()).toBe(false)
})

describe('in two regions', () => {
  mockClient(SSMClient).on(GetParameterCommand).resolves({})
  // Only the region that writes has a table, so nobody has moved the stage.
  mockClient(DynamoDBClient)
    .on(DescribeTableCommand)
    .rejects(sdkError('ResourceNotFoundException', 'no', 400))

  test('the one that writes comes last, and its contract with it', async () => {
    const { happened, retired } = await stage()
    expect(await retired({ stage: 'prod', region: undefined })).toBe(0)
    expect(happened.slice(1).map(h => h.split(':')[0])).toEqual(['remove in eu-central-1', 'remove in eu-west-1'])
    expect(happened.at(-1)).toContain('its contract stands')
  })

  test('from the other alone its stack is removed, and the task goes on', async () => {
    const { happened, retired, host } = await stage()
    expect(await retired({ stage: 'prod', region: 'eu-central-1' })).toBe(0)
    expect(happened).toEqual(['remove in eu-central-1: 4 open, not paused, its contract stands'])
    expect((await readGraph(host.ledger)).task('clean-orders')).toBeDefined()
  })
})
