import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { DescribeRuleCommand } from '@aws-sdk/client-eventbridge'
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda'
import { DeleteObjectCommand, HeadObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { names } from '../../shared/aws/deploy/names.ts'
import type { Moved } from '../../shared/aws/move/move.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { loadProject } from '../../shared/task/project.ts'
import { rowDifferences } from './outcome.ts'
import { say } from './say.ts'
import type { Stage } from './stage.ts'
import { HOME, SERVICES, STANDBY, setUpRegions, type TwoRegions } from './two-regions.ts'
import { until } from './until.ts'

const STAGE = 'twofold'
const days = ['2001-02-11', '2001-02-12', '2001-02-13', '2001-02-14', '2001-02-15', '2001-02-16', '2001-02-17']
const [first, second, third, unheard, away, back, apart] = days as [string, string, string, string, string, string, string]
const scheduled = { version: '0', id: 'a-sweep', 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} }
let set: TwoRegions

beforeAll(async () => {
  set = await setUpRegions(STAGE)
  for (const day of days) writeLog(day)
  await set.home.putSettings({ SITE_LOGS: set.logs })
})
afterAll(async () => {
  await set?.close()
})

/** What visitors of a day did, as the site's servers wrote it. */
function writeLog(day: string): void {
  const date = `${day.slice(8)}/Feb/2001`
  const lines = Array.from({ length: 300 }, (_, n) => {
    const time = [12 + (n % 7), n % 60, (n * 7) % 60].map(part => String(part).padStart(2, '0')).join(':')
    return `203.0.113.${n % 200} - visitor-${n % 40} [${date}:${time} -0500] "GET /flights/SFO-JFK HTTP/1.1" 200 ${n} "-" "Mozilla/4.0"\n`
  })
  writeFileSync(join(set.logs, `access-${day}.log.gz`), gzipSync(lines.join('')))
}

const nameOf = ({ dataset, partition }: RunDoc) => `${dataset}@${partition}`
const versionOf = (runs: readonly RunDoc[], name: string) => runs.find(run => nameOf(run) === name)?.version?.number

/** Waits until these partitions have a version, of this number at least. */
async function ready(stage: Stage, wanted: Readonly<Record<string, number>>, swept = SERVICES): Promise<void> {
  const missing = async () => {
    const runs = await stage.runs()
    const failed = runs.find(run => run.state === 'failed')
    if (failed) throw new Error(`${nameOf(failed)} failed: ${failed.error?.message}`)
    const left = Object.entries(wanted).filter(([name, number]) => (versionOf(runs, name) ?? 0) < number)
    const open = runs.filter(run => run.state !== undefined && run.state !== 'succeeded' && nameOf(run) in wanted)
    return left.length + open.length === 0 ? undefined : [...left.map(([name]) => name), ...open.map(nameOf)].join(', ')
  }
  await until(`${Object.keys(wanted).length} versions in ${stage.env.AWS_REGION}`, missing, () => sweep(stage, swept))
}

async function sweep(stage: Stage, services: readonly string[]): Promise<void> {
  for (const service of services) await stage.invoke(service, 'decide', scheduled)
  await stage.invoke('platform', 'sweep', scheduled)
}

const both = (day: string, number = 1) => ({ [`web_logs@${day}`]: number, [`sessions@${day}`]: number })
const night = (stage: Stage, date: string) => stage.publish([{ type: 'NightStarted', detail: { date } }])

/** Whether a region hears and relays. */
async function switchesOf({ clients: { events, lambda } }: Stage): Promise<string[]> {
  const rules = [names.rule(STAGE, 'platform', 'night'), ...SERVICES.map(service => names.rule(STAGE, service, 'decide'))]
  const heard = await Promise.all(rules.map(Name => events.send(new DescribeRuleCommand({ Name, EventBusName: names.bus(STAGE) }))))
  const swept = await Promise.all(
    SERVICES.map(service => events.send(new DescribeRuleCommand({ Name: names.rule(STAGE, service, 'sweep') }))),
  )
  return [...new Set([...heard, ...swept].map(rule => rule.State!)), (await relayOf({ lambda })).State!]
}

async function relayOf({ lambda }: Pick<Stage['clients'], 'lambda'>) {
  const relay = names.lambda(STAGE, 'platform', 'relay')
  return (await lambda.send(new ListEventSourceMappingsCommand({ FunctionName: relay }))).EventSourceMappings![0]!
}

/** Takes away what a region's lake holds of a key, for good, as if it had never been replicated. */
async function lose({ clients: { s3 } }: Stage, region: string, key: string): Promise<void> {
  const Bucket = names.bucket(STAGE, '000000000000', region)
  const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: key }))
  expect(Versions).not.toEqual([])
  for (const { Key, VersionId } of Versions) await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
}

async function move(to: string, ...more: string[]): Promise<{ exit: number; steps: string[]; moved: Moved }> {
  const { exit, out, err } = await set.redeye('move', to, '--settle', '1', '--arrive', '5', '--json', ...more)
  const lines = out.trim().split('\n')
  if (err !== '') throw new Error(`redeye move said: ${out}${err}`)
  const steps = lines.slice(0, -1).map(line => JSON.parse(line) as { step: string; text: string })
  for (const { step, text } of steps) say(`${step}: ${text}`)
  return { exit, steps: [...new Set(steps.map(s => s.step))], moved: JSON.parse(lines.at(-1)!) as Moved }
}

test('one region writes, and what it writes is in the other, where nothing is heard', async () => {
  expect(await switchesOf(set.home)).toEqual(['ENABLED', 'Enabled'])
  expect(await switchesOf(set.standby)).toEqual(['DISABLED', 'Disabled'])
  await set.home.lake.put('inbox/fees.csv', 'airport,dollars\nSFO,120.5\n')
  await set.home.publish([
    { type: 'RunRequested', detail: { id: 'first-days', tasks: SERVICES, from: first, to: third } },
    { type: 'VersionDelivered', detail: { dataset: 'landing_fees', partition: first, files: ['inbox/fees.csv'] } },
  ])
  await night(set.standby, unheard)
  await ready(set.home, { ...both(first), ...both(second), ...both(third), [`landing_fees@${first}`]: 1 })
  expect(await set.standby.documents()).toEqual(await set.home.documents())
  expect((await set.standby.runs()).filter(run => run.partition === unheard)).toEqual([])
})

test('before a move it is told what the other region lacks', async () => {
  const { exit, err } = await set.redeye('move', STANDBY, '--check')
  expect([exit, err]).toEqual([1, expect.stringContaining(`${STANDBY} lacks the setting SITE_LOGS`)])
  await set.standby.putSettings({ SITE_LOGS: set.logs })
  const looked = await set.redeye('move', STANDBY, '--check')
  expect([looked.exit, looked.out]).toEqual([0, expect.stringContaining(`${STANDBY} has all of 7 versions`)])
})

test('the move: what did not arrive is made anew, what was never announced is, and the old region hears nothing', async () => {
  // The old relay is dead: nobody is told of this success.
  const { UUID } = await relayOf(set.home.clients)
  await set.home.clients.lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }))
  await night(set.home, unheard)
  await ready(set.home, { [`web_logs@${unheard}`]: 1 }, ['site-logs'])
  const before = await set.home.runs()
  expect(versionOf(before, `sessions@${unheard}`)).toBeUndefined()
  // Replication has lost a file, a manifest, and what nobody here can make.
  await lose(set.standby, STANDBY, `web_logs/${second}/g1-a1/part-`)
  await lose(set.standby, STANDBY, `sessions/${third}/g1-a1/manifest.json`)
  await lose(set.standby, STANDBY, `landing_fees/${first}/g1-a1/manifest.json`)

  const { exit, steps, moved } = await move(STANDBY)
  // There is something for a person to do.
  expect(exit).toBe(1)
  expect(steps).toEqual(['look', 'pause', 'drain', 'silence', 'replicate', 'verify', 'switch', 'enable', 'repeat', 'resume'])
  expect(moved).toMatchObject({ moved: true, resumed: true, versions: 8 })
  expect(moved.reruns).toEqual(
    expect.arrayContaining([
      { task: 'site-logs', from: second, to: second },
      { task: 'web-sessions', from: third, to: third },
    ]),
  )
  expect(moved.outside.map(({ dataset, partition }) => [dataset, partition])).toEqual([['landing_fees', first]])
  expect(await switchesOf(set.home)).toEqual(['DISABLED', 'Disabled'])
  expect(await switchesOf(set.standby)).toEqual(['ENABLED', 'Enabled'])

  await ready(set.standby, { ...both(first), ...both(second, 2), [`web_logs@${third}`]: 1, [`sessions@${third}`]: 2, ...both(unheard) })
  await set.standby.publish([
    { type: 'VersionDelivered', detail: { dataset: 'landing_fees', partition: first, files: ['inbox/fees.csv'] } },
  ])
  await ready(set.standby, { [`landing_fees@${first}`]: 2 })
  const [now, datasets] = [await set.standby.runs(), (await loadProject(set.root)).datasets]
  const { rows, different } = await rowDifferences({ runs: now, lake: set.standby.lake }, { runs: before, lake: set.home.lake }, datasets)
  say(`${rows} rows compared with those of the old region`)
  expect(different).toEqual([])
  expect(rows).toBeGreaterThan(1000)
})

test('nights go on in the new region, and a deployment leaves the old one as it is', async () => {
  await night(set.home, away)
  await night(set.standby, away)
  await ready(set.standby, both(away))
  const deployed = await set.redeye('deploy', 'site-logs')
  expect([deployed.exit, deployed.err]).toEqual([0, ''])
  expect(await switchesOf(set.home)).toEqual(['DISABLED', 'Disabled'])
  expect(await switchesOf(set.standby)).toEqual(['ENABLED', 'Enabled'])
  expect(await set.home.documents()).toEqual(await set.standby.documents())
})

test('and back: everything has arrived, so nothing is made anew', async () => {
  const { exit, moved } = await move(HOME)
  expect([exit, moved.incomplete, moved.reruns, moved.resumed]).toEqual([0, [], [], true])
  expect(await switchesOf(set.standby)).toEqual(['DISABLED', 'Disabled'])
  await night(set.home, back)
  await ready(set.home, both(back))
  expect([await set.home.letters(), await set.standby.letters()]).toEqual([[], []])
})

test('a region that is lost, and does not know it, makes nothing; back again, it is switched off', async () => {
  const { exit, steps } = await move(STANDBY, '--lost')
  expect([exit, steps]).toEqual([0, ['look', 'pause', 'verify', 'switch', 'enable', 'resume']])
  expect(await switchesOf(set.home)).toEqual(['ENABLED', 'Enabled'])
  await night(set.home, apart)
  await until('the lost region to say who writes', async () =>
    (await set.home.letters()).some(({ reason }) => reason.startsWith('STANDS_BY')) ? undefined : 'there is no letter',
  )
  expect(await set.home.documents()).toEqual(await set.standby.documents())
  await night(set.standby, apart)
  await ready(set.standby, both(apart))
  const Bucket = names.bucket(STAGE, '000000000000', HOME)
  for (const folder of ['web_logs', 'sessions'])
    expect(await set.home.clients.s3.send(new HeadObjectCommand({ Bucket, Key: `${folder}/${apart}/g1-a1/manifest.json` }))).toMatchObject({
      ReplicationStatus: 'REPLICA',
    })
  expect((await move(STANDBY)).exit).toBe(0)
  expect(await switchesOf(set.home)).toEqual(['DISABLED', 'Disabled'])
  expect(await switchesOf(set.standby)).toEqual(['ENABLED', 'Enabled'])
})
