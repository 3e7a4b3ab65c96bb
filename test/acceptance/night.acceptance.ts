import { writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { DisableRuleCommand, EnableRuleCommand, ListRulesCommand, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { askedOfRun, costOfMillion } from '../../docs/cost-page.ts'
import { names } from '../../shared/aws/deploy/names.ts'
import type { Contract, TaskContract } from '../../shared/core/contract.ts'
import { type Envelope, type EventPattern, matchesPattern, patternsOf, platformPatterns } from '../../shared/core/events.ts'
import type { LimitDoc } from '../../shared/core/limit.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import type { PauseDoc } from '../../shared/engine/keys.ts'
import { type Asked, tally, tallyLines } from './bill.ts'
import { type Invocations, invocationsSince } from './invocations.ts'
import { before, nightStarted, nights, operated, steps } from './nights.ts'
import { nameOf, rowDifferences, stateDifferences, stateOf } from './outcome.ts'
import { changeText } from './project.ts'
import { say } from './say.ts'
import { type Acceptance, datasetsOf, setUp } from './set-up.ts'
import { until } from './until.ts'

// The one that the examples of events/ are for.
const STAGE = 'dev'
const scheduled = { version: '0', id: 'a-sweep', 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} }
let set: Acceptance
// What functions asked, and what was published, from the night's begin to its end.
let atNight: Pick<Asked, 'requests' | 'events'> & Invocations

beforeAll(async () => {
  set = await setUp(STAGE)
})
afterAll(async () => {
  await set?.close()
})

/** Waits until the stage's runs stand as they did on one machine; a run that failed unlike there ends the wait. */
async function isOver(outcome: string, except: (run: RunDoc) => boolean = () => false, nudge = sweep): Promise<void> {
  const expected = (await set.local(outcome)).runs.filter(run => !except(run))
  const fails = new Set(expected.filter(run => run.state === 'failed').map(nameOf))
  const missing = async () => {
    const runs = (await set.stage.runs()).filter(run => !except(run))
    const failed = runs.find(run => run.state === 'failed' && !fails.has(nameOf(run)))
    if (failed) throw new Error(`${nameOf(failed)} failed: ${failed.error?.message}`)
    const left = stateDifferences(runs, expected)
    return left.length === 0 ? undefined : `${left.length} runs, as ${left[0]}`
  }
  // Nights and requests are repeated by who sends them: a sweep does not look so far back.
  const again = async () => {
    await set.stage.publish([steps.find(step => step.outcome === outcome)!.event])
    await nudge()
  }
  await until(`the outcome of ${outcome}`, missing, again)
  say(`${outcome} is over`)
}

/**
 * What schedules do every quarter of an hour. It is needed here for what the emulator loses: it calls a rule's function once, whatever
 * becomes of it, so that on a slow machine a function that runs out of its time takes its event along; and what a one-time schedule
 * publishes has another source and type there than it was given, so that nobody hears of a retry that is due.
 */
async function sweep(services: readonly string[] = set.project.services): Promise<void> {
  for (const service of services) await set.stage.invoke(service, 'decide', scheduled)
  await set.stage.invoke('platform', 'sweep', scheduled)
}

async function expectSameRows(date: string): Promise<void> {
  const [runs, expected, datasets] = [await set.stage.runs(), await set.local(date), await datasetsOf(set.project)]
  const { rows, identical, different } = await rowDifferences({ runs, lake: set.stage.lake }, expected, datasets)
  say(`${rows} rows of ${expected.runs.filter(run => run.version).length} versions compared; files of ${identical} are identical`)
  expect(different).toEqual([])
  expect(rows).toBeGreaterThan(10_000)
}

async function runOf(dataset: string, partition: string): Promise<RunDoc | undefined> {
  return (await set.stage.runs()).find(run => run.dataset === dataset && run.partition === partition)
}

async function contractsOf(): Promise<TaskContract[]> {
  const contracts = (await set.stage.documents()).filter(d => d.key.pk === 'contract').map(d => d.doc as Contract)
  return contracts.filter(c => c.kind === 'task')
}

/** What an operator does who has nothing but the AWS CLI. */
async function putExample(name: string): Promise<void> {
  const answer = await set.aws('events', 'put-events', '--entries', `file://events/${name}.example.json`)
  expect(answer).toMatchObject({ FailedEntryCount: 0 })
}

/** Does so, and waits until runs stand so, by their names; does it again where that does not come. */
async function leadsTo(wanted: Readonly<Record<string, string>>, act: () => Promise<void>): Promise<void> {
  const missing = async () => {
    const states = new Map((await set.stage.runs()).map(run => [nameOf(run), stateOf(run)]))
    const left = Object.entries(wanted).find(([name, state]) => states.get(name) !== state)
    return left && `${left[0]} is ${states.get(left[0]) ?? 'absent'}, not ${left[1]}`
  }
  await act()
  await until('what an operator wants', missing, async () => {
    await act()
    await sweep()
  })
}

async function put(events: readonly (readonly [type: string, detail: object])[]): Promise<void> {
  const entries = events.map(([DetailType, detail]) => ({
    EventBusName: names.bus(STAGE),
    Source: 'redeye',
    DetailType,
    Detail: JSON.stringify(detail),
  }))
  // PutEvents takes ten.
  for (let from = 0; from < entries.length; from += 10)
    await set.stage.clients.events.send(new PutEventsCommand({ Entries: entries.slice(from, from + 10) }))
}

/** Waits until there are these dead letters, and finds no others. */
async function expectLetters(wanted: readonly { function: string; reason: RegExp; type: string | undefined }[]): Promise<void> {
  const typeOf = (event: unknown) => (event as Partial<Envelope> | undefined)?.['detail-type']
  await until('the dead letters', async () => {
    const letters = await set.stage.letters()
    const missing = wanted.find(w => !letters.some(l => l.function === w.function && w.reason.test(l.reason) && typeOf(l.event) === w.type))
    if (missing) return `${missing.type} of ${missing.function} (${missing.reason}), of ${letters.length} letters`
    return letters.length < wanted.length ? `${wanted.length - letters.length} of ${wanted.length}` : undefined
  })
  expect(await set.stage.letters()).toHaveLength(wanted.length)
}

/** Puts an example, and waits until `strike-reports` is paused, or is not. */
async function pausedIs(wanted: boolean, example: string): Promise<void> {
  const missing = async () => {
    const pause = (await set.stage.documents()).find(({ key }) => key.pk === 'pause' && key.sk === 'strike-reports')
    const paused = (pause?.doc as PauseDoc | undefined)?.paused === true
    return paused === wanted ? undefined : `paused is ${paused}`
  }
  await putExample(example)
  await until(`what ${example} says`, missing, () => putExample(example))
}

/** Waits until no run has a place any more: what is over gives it back a moment later. */
async function placesAreFree(): Promise<void> {
  const taken = async () => {
    const limits = (await set.stage.documents()).filter(({ key }) => key.pk === 'limit')
    return limits.find(({ doc }) => (doc as LimitDoc).holders.length > 0)?.key.sk
  }
  await until('free places', taken, () => sweep())
}

test('the night on AWS makes the same as on one machine, row for row', async () => {
  for (const request of before) {
    await set.stage.publish([request])
    await isOver(request.detail.id!)
  }
  await placesAreFree()
  // A night meets functions that have slept for a day, and its cost is that of waking them too.
  await set.coolDown()
  const [asked, told, since] = [set.meter.requests.length, (await set.ear.heard()).length, Date.now()]
  await putExample('night-started')
  await isOver(nights.whole)
  const requests = set.meter.requests.slice(asked)
  const events = (await set.ear.heard()).slice(told)
  atNight = { requests, events, ...(await invocationsSince(set.stage.clients.logs, STAGE, since)) }
  await expectSameRows(nights.whole)
  expect(await set.stage.letters()).toEqual([])
})

test('what the night has cost', async () => {
  const bill = tally({ ...atNight, documents: await set.stage.documents(), night: nights.whole })
  for (const line of tallyLines(bill)) say(line)
  // docs/cost.md is made of this; it is kept when asked, since no two runs ask exactly alike.
  if (process.env.REDEYE_KEEP_COUNTS) writeFileSync(process.env.REDEYE_KEEP_COUNTS, `${JSON.stringify(bill, undefined, 2)}\n`)
  expect(bill.medianWriteUnits).toBeLessThan(5)
  expect(bill.largestDocumentBytes).toBeLessThan(1024)
  const asked = askedOfRun(bill)
  const { busLedgerFunctions, all } = costOfMillion(asked)
  say(`dollars a million runs: ${busLedgerFunctions.toFixed(2)} for bus, ledger and function requests, ${all.toFixed(2)} in all`)
})

test('every event delivered again changes nothing', async () => {
  const [events, contracts] = [await set.ear.heard(), await contractsOf()]
  expect(events.length).toBeGreaterThan(170)
  // A request that is over is closed by the next sweep.
  await sweep()
  const then = await set.stage.documents()
  const takers = [
    ...contracts.map(contract => ({ service: contract.task, name: 'decide', patterns: patternsOf(contract) })),
    ...Object.entries(platformPatterns).map(([name, patterns]) => ({ service: 'platform', name, patterns: patterns as EventPattern[] })),
  ]
  const deliver = async ({ service, name, patterns }: (typeof takers)[number]) => {
    for (const event of events.filter(e => patterns.some(pattern => matchesPattern(pattern, e))))
      expect(await set.stage.invoke(service, name, event)).toBeUndefined()
  }
  await Promise.all(takers.map(deliver))
  expect(await set.stage.documents()).toEqual(then)
  expect(await set.stage.letters()).toEqual([])
})

test('a task whose source fails twice works at its third attempt', async () => {
  set.gate.decideBy(async date => (date === nights.failing && (await runOf('wildlife_strikes', date))!.attempt < 3 ? 'busy' : 'pass'))
  await set.stage.publish([nightStarted(nights.failing)])
  const missing = async () => {
    const run = await runOf('wildlife_strikes', nights.failing)
    if (run?.state === 'queued' && (run.due ?? 0) <= Date.now()) await set.stage.invoke('strike-reports', 'decide', scheduled)
    return run?.state === 'succeeded' ? undefined : `attempt ${run?.attempt} is ${run?.state}`
  }
  await until('the third attempt', missing, () => set.stage.publish([nightStarted(nights.failing)]))
  await isOver(nights.failing)
  expect(await runOf('wildlife_strikes', nights.failing)).toMatchObject({ state: 'succeeded', generation: 1, attempt: 3 })
})

test('a worker that is killed in the middle of its work loses its attempt, and the next succeeds', async () => {
  let reached = () => {}
  const atWork = new Promise<void>(resolve => {
    reached = resolve
  })
  set.gate.decideBy(async date => {
    if (date !== nights.killed || (await runOf('wildlife_strikes', date))!.attempt > 1) return 'pass'
    reached()
    return 'silence'
  })
  await set.stage.publish([nightStarted(nights.killed)])
  await atWork
  await set.killWorker('strike-reports')
  await isOver(nights.killed)
  expect(await runOf('wildlife_strikes', nights.killed)).toMatchObject({ state: 'succeeded', generation: 1, attempt: 2 })
})

test('events that never arrive are made up for by the sweep', async () => {
  const { events } = set.stage.clients
  const bus = names.bus(STAGE)
  const { Rules = [] } = await events.send(
    new ListRulesCommand({ EventBusName: bus, NamePrefix: names.rule(STAGE, 'airport-day', 'decide') }),
  )
  expect(Rules).toHaveLength(1)
  const rule = { EventBusName: bus, Name: Rules[0]!.Name! }
  await events.send(new DisableRuleCommand(rule))
  await set.stage.publish([nightStarted(nights.lost)])
  const behind = ({ dataset, partition }: RunDoc) => dataset.startsWith('airport_days') && partition === nights.lost
  const others = set.project.services.filter(service => service !== 'airport-day')
  await isOver(
    nights.lost,
    run => behind(run) || run.dataset.startsWith('network_'),
    () => sweep(others),
  )
  expect((await runOf('airport_days', nights.lost))?.state).not.toBe('succeeded')
  await events.send(new EnableRuleCommand(rule))
  expect(await set.stage.invoke('airport-day', 'decide', scheduled)).toBeUndefined()
  await isOver(nights.lost)
})

test('an event that nobody can understand ends among the dead letters, with its reason: each rule leads to whoever it is for', async () => {
  const tasks = await contractsOf()
  const nobodys = 'a-partition-of-nobody'
  const readers = tasks.flatMap(({ task, inputs }) => [...new Set(inputs.map(i => i.dataset))].map(dataset => ({ task, dataset })))
  const datasets = [...new Set(readers.map(reader => reader.dataset))]
  const ready = (dataset: string) => ({ dataset, partition: nobodys, number: 1, at: 1, cause: { lane: 'nightly' } })
  await put([
    ['RunRequested', { tasks: ['no-such-task'], from: '2001-02-01', to: '2001-02-02' }],
    ['RunCancelled', { task: 'airport-dya', partition: '2001-02-14' }],
    ['NightBegan', { date: '2001-02-14' }],
    ...datasets.map(dataset => ['DatasetReady', ready(dataset)] as const),
    ...tasks.map(({ task }) => ['RunDue', { task }] as const),
  ])
  // What Lambda itself lays aside, after its own tries.
  await set.stage.send('airport-day', 'decide', 'a word')
  await expectLetters([
    { function: 'platform/requests', reason: /no-such-task/, type: 'RunRequested' },
    { function: 'platform/requests', reason: /airport-dya/, type: 'RunCancelled' },
    { function: 'platform/requests', reason: /NightBegan/, type: 'NightBegan' },
    ...readers.map(({ task }) => ({ function: task, reason: new RegExp(nobodys), type: 'DatasetReady' })),
    ...tasks.map(({ task }) => ({ function: task, reason: /partition/, type: 'RunDue' })),
    { function: names.lambda(STAGE, 'airport-day', 'decide'), reason: /'in' operator/, type: undefined },
  ])
})

test('what lies among the dead letters is listed, sent again and dropped by redeye dlq', async () => {
  const listed = async () =>
    JSON.parse((await set.redeye('dlq', 'list', '--json')).out) as { id: string; function: string; reason: string }[]
  const letters = await listed()
  expect(letters).toHaveLength((await set.stage.letters()).length)
  const [request] = letters.filter(({ reason }) => reason.includes('no-such-task'))
  expect(await set.redeye('dlq', 'resend', request!.id)).toMatchObject({ exit: 0, out: expect.stringContaining('1 letter sent again') })
  await until('the letter to come back', async () => {
    const found = (await listed()).find(({ id, reason }) => id !== request!.id && reason.includes('no-such-task'))
    return found ? undefined : 'it has not come'
  })
  expect(await set.redeye('dlq', 'drop', 'all')).toMatchObject({ exit: 0, out: expect.stringContaining('; 0 left') })
  expect(await listed()).toEqual([])
})

test('a deployment by which a deployed reader would lose what it reads is refused before anything changes', async () => {
  const [then, file] = [await set.stage.documents(), `${set.project.root}/datasets/flights.ts`]
  changeText(file, "delay_min: 'int'", "delay_min: 'double'")
  await expect(set.sls('deploy', 'flown-flights')).rejects.toThrow(
    /Error:\nBAD_DATASET flights: "delay_min" would become DOUBLE, and airport-day reads it as INT .*; nothing is deployed\n {2}at datasets\/flights\.ts:/i,
  )
  changeText(file, "delay_min: 'double'", "delay_min: 'int'")
  expect(await set.stage.documents()).toEqual(then)
})

test('a service deployed anew in the middle of a night goes on with its new code, and what is done stays', async () => {
  const then = (await contractsOf()).find(c => c.task === 'airport-day')!.hash
  let release = (_: 'pass') => {}
  const deployed = new Promise<'pass'>(resolve => {
    release = resolve
  })
  set.gate.decideBy(date => (date === nights.redeployed ? deployed : 'pass'))
  await set.stage.publish([nightStarted(nights.redeployed)])
  const begun = async () => ((await runOf('flights', nights.redeployed))?.state === 'succeeded' ? undefined : 'flights are not there')
  await until('the night to have begun', begun, async () => {
    await set.stage.publish([nightStarted(nights.redeployed)])
    await sweep()
  })
  changeText(`${set.project.folder('airport-day')}/task.ts`, "notNull('city'), ", "notNull('city', 'airport'), ")
  await set.sls('deploy', 'airport-day')
  release('pass')
  await isOver(nights.redeployed)
  const hash = async (date: string) => (await runOf('airport_days', date))?.version?.hash
  expect(await hash(nights.lost)).toBe(then)
  expect(await hash(nights.redeployed)).not.toBe(then)
  expect(await hash(nights.redeployed)).toBe((await contractsOf()).find(c => c.task === 'airport-day')!.hash)
})

test('a service that is removed runs no more; added again, it runs what is asked for', async () => {
  set.gate.decideBy(() => 'pass')
  await set.sls('remove', 'send-late-routes')
  await set.stage.publish([nightStarted(nights.removed)])
  const others = set.project.services.filter(service => service !== 'send-late-routes')
  await isOver(
    nights.removed,
    run => run.dataset === 'late_routes_sent',
    () => sweep(others),
  )
  expect(await runOf('late_routes_sent', nights.removed)).toBeUndefined()
  await set.sls('deploy', 'send-late-routes')
  // What was published before a task's life began starts nothing, not even by the sweep.
  expect(await set.stage.invoke('send-late-routes', 'decide', scheduled)).toBeUndefined()
  expect(await runOf('late_routes_sent', nights.removed)).toBeUndefined()
  const [from, to] = [nights.removed, nights.removed]
  await set.stage.publish([{ type: 'RunRequested', detail: { tasks: ['send-late-routes'], from, to } }])
  await isOver(nights.removed)
})

test('a second stage beside the first has a night of its own, and the first hears nothing of it', async () => {
  await sweep()
  const then = await set.stage.documents()
  await set.sls('deploy', 'platform', 'beside')
  const beside = await set.open('beside')
  await beside.putSettings({ STRIKES_API: set.gate.address })
  await set.sls('deploy', 'strike-reports', 'beside')
  await beside.publish([nightStarted(nights.whole)])
  const missing = async () => {
    const [run] = await beside.runs()
    return run?.state === 'succeeded' ? undefined : `it is ${run?.state ?? 'absent'}`
  }
  await until('the night of the second stage', missing, async () => void (await beside.invoke('strike-reports', 'decide', scheduled)))
  expect((await beside.runs()).map(nameOf)).toEqual([`wildlife_strikes@${nights.whole}`])
  expect(await set.stage.documents()).toEqual(then)
})

test('in the end every row is the same, whatever went wrong', async () => {
  await expectSameRows(nights.removed)
})

test('with nothing but the AWS CLI a task is paused, a run cancelled, a partition skipped, and what is missing filled', async () => {
  const letters = (await set.stage.letters()).length
  const [strikes, days] = [`wildlife_strikes@${operated}`, `airport_days@${operated}`]
  await pausedIs(true, 'task-paused')
  await leadsTo({ [strikes]: 'queued, no version', [days]: 'waiting, no version' }, () => set.stage.publish([nightStarted(operated)]))
  await leadsTo({ [strikes]: 'cancelled, no version' }, () => putExample('run-cancelled'))
  await leadsTo({ [days]: 'succeeded, version 1' }, () => putExample('partition-skipped'))
  await pausedIs(false, 'task-resumed')
  const filled = { [strikes]: 'succeeded, version 1', [days]: 'succeeded, version 2' }
  await leadsTo({ ...filled, [`wildlife_strikes@${nights.whole}`]: 'succeeded, version 1' }, () => putExample('run-requested.backfill'))
  expect(await set.stage.letters()).toHaveLength(letters)
})

test('with nothing but the AWS CLI days are repeated, and what asks a person is approved', async () => {
  const letters = (await set.stage.letters()).length
  const repeated = ['2001-02-13', nights.whole].flatMap(date => [`flights@${date}`, `bookings@${date}`, `airport_days@${date}`])
  const held = { 'route_demand@2001-02-13': 'held, version 1' }
  const wanted = {
    ...Object.fromEntries(repeated.map(name => [name, 'succeeded, version 2'])),
    ...held,
    [`route_demand@${nights.whole}`]: 'held, version 1',
    [`sessions@${nights.whole}`]: 'succeeded, version 1',
  }
  await leadsTo(wanted, () => putExample('run-requested'))
  await leadsTo({ ...held, [`route_demand@${nights.whole}`]: 'succeeded, version 2' }, () => putExample('run-approved'))
  expect(await set.stage.letters()).toHaveLength(letters)
})

test('with nothing but the AWS CLI a version is delivered that was made outside', async () => {
  await set.stage.lake.put(`incoming/fuel-${nights.whole}.csv.gz`, gzipSync('airport,dollars\nJFK,0.81\nSFO,0.87\n'))
  await leadsTo({ [`fuel_prices@${nights.whole}`]: 'outside, version 1' }, () => putExample('version-delivered'))
  expect((await runOf('fuel_prices', nights.whole))!.version).toMatchObject({ rows: 2 })
  const announced = async () =>
    (await set.ear.heard()).some(e => e['detail-type'] === 'DatasetReady' && (e.detail as { dataset: string }).dataset === 'fuel_prices')
  await until(
    'the announcement',
    async () => ((await announced()) ? undefined : 'nobody has heard of it'),
    () => sweep(),
  )
})
