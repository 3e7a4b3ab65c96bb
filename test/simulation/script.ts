import type { Contract, DatasetContract, TaskContract } from '../../shared/core/contract.ts'
import type { EventDetails } from '../../shared/core/events.ts'
import { calendarOf, firstInstant, type Timed } from './calendar.ts'
import { type Drawn, hashOf, type Weeks } from './graph.ts'
import type { Random } from './random.ts'

/** What occurs by itself or by people, at its time. `chosen` is a number that picks a run among those there are by then. */
export type Step = { at: number } & (
  | { step: 'deliver'; dataset: string; partition: string; id: string }
  | { step: 'night'; date: string }
  | { step: 'pause' | 'resume'; task: string }
  | { step: 'cancel' | 'approve' | 'skip'; chosen: number }
  | { step: 'request'; detail: EventDetails['RunRequested'] }
  | { step: 'deploy'; contracts: Contract[] }
)

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** A random few weeks: nights, deliveries, operators and deployments. */
export function drawScript(random: Random, weeks: Weeks, drawn: Drawn, start: number, end: number): Step[] {
  const steps: Step[] = []
  // In some worlds everything comes at the same instant.
  const together = random.chance(0.3)
  for (const c of drawn.contracts)
    if (c.kind === 'dataset' && c.outside) steps.push(...drawDeliveries(random, weeks, c, start, end, together))
  for (let day = 0; day < weeks.days; day++) steps.push(drawNight(random, weeks, start, day))
  const busy = random.chance(0.6)
  for (let day = 1; busy && day < weeks.days; day++) if (random.chance(0.5)) steps.push(...drawOperation(random, weeks, drawn, start, day))
  steps.push(...drawDeployments(random, weeks, drawn, start))
  return steps.sort((a, b) => a.at - b.at)
}

function drawNight(random: Random, weeks: Weeks, start: number, day: number): Step {
  const date = dateAfter(weeks.first, day)
  // Now and then the platform sleeps through some nights and makes them up.
  const late = random.chance(0.05) ? random.int(1, 3) : 0
  return { at: start + (day + 1 + late) * DAY_MS + 2 * HOUR_MS, step: 'night', date }
}

const dateAfter = (date: string, days: number) => new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10)

function drawDeliveries(random: Random, weeks: Weeks, contract: DatasetContract, start: number, end: number, together: boolean): Step[] {
  const cut = contract.partitioning
  const steps: Step[] = []
  const deliver = (partition: string, at: number) => {
    if (at < end) steps.push({ at, step: 'deliver', dataset: contract.dataset, partition, id: `v${random.int(0, 2 ** 31)}` })
  }
  // What has few partitions is published anew the more often.
  const often = cut.grain === 'hourly' ? 0.01 : cut.grain === 'keys' || cut.grain === 'unpartitioned' ? 0.35 : 0.07
  const usual = together ? 2 * HOUR_MS : random.int(1, 5) * HOUR_MS
  const places =
    cut.grain === 'keys'
      ? cut.keys.map(key => ({ key, at: start }))
      : cut.grain === 'unpartitioned'
        ? [{ key: 'all', at: start }]
        : datedPlaces(cut, weeks, start, end)
  for (const { key, at } of places) {
    if (random.chance(Math.min(often / 2, 0.05))) continue
    const spread = together ? 0 : random.int(0, HOUR_MS)
    const when =
      at + (random.chance(often) ? random.int(1, 4) * DAY_MS : random.chance(often) ? -random.int(1, 40) * HOUR_MS : usual) + spread
    deliver(key, Math.max(start, when))
    for (let again = when; random.chance(often); ) deliver(key, (again += random.int(1, 6 * 24) * HOUR_MS))
    // The same partition twice in a moment.
    if (random.chance(often / 2)) deliver(key, when + random.int(0, 3) * 1000)
  }
  return steps
}

/** The partitions whose data come in these weeks. */
function datedPlaces(cut: Timed, weeks: Weeks, start: number, end: number): { key: string; at: number }[] {
  const earliest = Math.max(firstInstant(cut), start - 10 * DAY_MS)
  return calendarOf(cut.grain, cut.timezone, weeks.first)
    .slices.filter(s => s.end > earliest && s.start < end)
    .map(s => ({ key: s.key, at: Math.max(start, Math.min(s.end, end - 6 * HOUR_MS)) }))
}

function drawOperation(random: Random, weeks: Weeks, drawn: Drawn, start: number, day: number): Step[] {
  const at = start + day * DAY_MS + random.int(0, DAY_MS)
  // Of what is not deployed yet an event is refused, and would not be when it is told again.
  const tasks = drawn.contracts.filter(c => c.kind === 'task' && !drawn.later.has(c.task)) as TaskContract[]
  const task = random.chance(0.3) ? 'all' : random.pick(tasks).task
  const chosen = random.int(0, 2 ** 30)
  switch (random.pick(['pause', 'cancel', 'approve', 'skip', 'request', 'request', 'request'] as const)) {
    case 'pause':
      return [
        { at, step: 'pause', task },
        { at: at + random.int(1, 40) * HOUR_MS, step: 'resume', task },
      ]
    case 'cancel':
      return [{ at, step: 'cancel', chosen }]
    case 'approve':
      return [{ at, step: 'approve', chosen }]
    case 'skip':
      return [{ at, step: 'skip', chosen }]
    case 'request':
      return [{ at, step: 'request', detail: drawRequest(random, weeks, drawn, day) }]
  }
}

export function drawRequest(random: Random, weeks: Weeks, drawn: Drawn, day: number): EventDetails['RunRequested'] {
  const tasks = drawn.contracts.filter((c): c is TaskContract => c.kind === 'task' && !drawn.later.has(c.task))
  const first = random.pick(tasks)
  const cut = partitioningOf(drawn, first)
  const named = [first.task, ...(random.chance(0.4) ? [random.pick(tasks).task, random.pick(tasks).task] : [])].filter(t => {
    const other = partitioningOf(drawn, drawn.contracts.find(c => c.kind === 'task' && c.task === t) as TaskContract)
    return t === first.task || (other.grain !== 'keys' && cut.grain !== 'keys')
  })
  const back = random.int(0, Math.min(day, 6))
  const [from, to] =
    cut.grain === 'keys'
      ? [cut.keys[0]!, random.pick(cut.keys)]
      : [dateAfter(weeks.first, day - back), dateAfter(weeks.first, day - random.int(0, back) + (random.chance(0.1) ? 3 : 0))]
  return {
    id: `q${random.int(0, 2 ** 31)}`,
    tasks: [...new Set(named)],
    from,
    to: to < from && cut.grain !== 'keys' ? from : to,
    run: random.pick(['missing', 'failed', 'all', 'all']),
    downstream: random.chance(0.65),
    lane: random.pick(['backfill', 'backfill', 'manual', 'nightly']),
    ...(random.chance(0.3) && { maxActive: random.int(1, 3) }),
  }
}

const partitioningOf = (drawn: Drawn, task: TaskContract) =>
  (drawn.contracts.find(c => c.kind === 'dataset' && c.dataset === task.output) as DatasetContract).partitioning

/** Requests that come within the hour and name a reader, what it reads from, or both: what each makes of the runs of the others. */
export function drawMeetings(random: Random, weeks: Weeks, drawn: Drawn, start: number, end: number): Step[] {
  const pairs = readersWithMakers(drawn)
  if (pairs.length === 0) return []
  return Array.from({ length: random.int(1, 3) }, () => {
    const { reader, makers } = random.pick(pairs)
    const day = random.int(1, weeks.days - 1)
    const at = start + day * DAY_MS + random.int(0, DAY_MS)
    const [from, to] = [dateAfter(weeks.first, Math.max(0, day - random.int(0, 6))), dateAfter(weeks.first, day)]
    const maker = random.pick(makers)
    return Array.from({ length: random.int(2, 4) }, (): Step => {
      const tasks = random.pick([[maker], [reader], [maker, reader], [maker, reader], [random.pick(makers), maker, reader]])
      const detail: EventDetails['RunRequested'] = {
        id: `m${random.int(0, 2 ** 31)}`,
        tasks: [...new Set(tasks)],
        from,
        to,
        run: random.pick(['missing', 'failed', 'all', 'all']),
        downstream: random.chance(0.5),
        lane: random.pick(['backfill', 'manual']),
        ...(random.chance(0.4) && { maxActive: random.int(1, 2) }),
      }
      return { at: at + random.int(0, random.pick([1, 20, 60])) * 60_000, step: 'request', detail }
    }).filter(s => s.at < end)
  }).flat()
}

/** The dated tasks that are there from the beginning and read, by way of whatever others, what other such tasks make. */
function readersWithMakers(drawn: Drawn): { reader: string; makers: string[] }[] {
  const tasks = drawn.contracts.filter((c): c is TaskContract => c.kind === 'task' && !drawn.later.has(c.task))
  const dated = (t: TaskContract) => 'timezone' in partitioningOf(drawn, t)
  const makersOf = (task: TaskContract, seen: Set<string>): TaskContract[] =>
    task.inputs.flatMap(({ dataset, mapping }) => {
      const maker = mapping.map === 'latest' ? undefined : tasks.find(t => t.output === dataset)
      if (!maker || seen.has(maker.task)) return []
      seen.add(maker.task)
      return [maker, ...makersOf(maker, seen)]
    })
  return tasks.filter(dated).flatMap(task => {
    const makers = makersOf(task, new Set([task.task])).filter(dated)
    return makers.length > 0 ? [{ reader: task.task, makers: makers.map(m => m.task) }] : []
  })
}

/** Services are deployed one by one: late ones come, one goes, one changes its inputs. */
function drawDeployments(random: Random, weeks: Weeks, drawn: Drawn, start: number): Step[] {
  let contracts: Contract[] = drawn.contracts.filter(c => c.kind === 'dataset' || !drawn.later.has(c.task))
  const steps: Step[] = []
  const when = () => start + random.int(1, Math.max(1, weeks.days - 1)) * DAY_MS + random.int(0, DAY_MS)
  const changes = [...drawn.later].map(() => 'add').concat(random.chance(0.15) ? ['change'] : [], random.chance(0.05) ? ['remove'] : [])
  const times = changes.map(when).sort((a, b) => a - b)
  const later = [...drawn.later]
  changes.forEach((change, i) => {
    const at = times[i]!
    const tasks = contracts.filter((c): c is TaskContract => c.kind === 'task')
    if (change === 'add') {
      const added = drawn.contracts.find(c => c.kind === 'task' && c.task === later[0]) as TaskContract
      later.shift()
      contracts = [...contracts, { ...added, deployedAt: at }]
    } else if (change === 'change') {
      const changed = random.pick(tasks)
      const inputs = changed.inputs.length > 1 ? changed.inputs.slice(1) : changed.inputs
      contracts = contracts.map(c => (c === changed ? { ...changed, inputs, inputsHash: hashOf(inputs), hash: `${changed.hash}'` } : c))
    } else {
      const leaves = tasks.filter(t => !tasks.some(r => r !== t && r.inputs.some(x => x.dataset === t.output)))
      if (leaves.length < 2) return
      const gone = random.pick(leaves)
      contracts = contracts.filter(c => c !== gone)
    }
    steps.push({ at, step: 'deploy', contracts })
    // What a new reader reads is made anew for nobody but who asked.
    const added = change === 'add' && random.chance(0.3) && contracts[contracts.length - 1]
    const makers = tasks.filter(t => added && added.kind === 'task' && added.inputs.some(i => i.dataset === t.output))
    if (makers.length > 0)
      steps.push({ at: at + random.int(1, 20) * HOUR_MS, step: 'request', detail: quietly(random, weeks, random.pick(makers).task) })
  })
  return steps
}

const quietly = (random: Random, weeks: Weeks, task: string): EventDetails['RunRequested'] => ({
  id: `q${random.int(0, 2 ** 31)}`,
  tasks: [task],
  from: weeks.first,
  to: dateAfter(weeks.first, weeks.days - 1),
  run: 'all',
  downstream: false,
})
