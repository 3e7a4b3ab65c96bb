import { setTimeout as wait } from 'node:timers/promises'
import { type Envelope, matchesPattern, type NewEvent, patternsOf, platformPatterns } from '../../shared/core/events.ts'
import { requests } from '../../shared/engine/requests.ts'
import { LocalBus } from '../../shared/local/bus.ts'
import { localLetters } from '../../shared/local/dead-letters.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import { Routes } from '../../shared/local/routes.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: two tasks in a row
now: 2026-03-09T06:00:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
  clean: { partition: daily, from: 2026-03-01 }
  report: { partition: daily, from: 2026-03-01 }
tasks:
  cleaning: { inputs: { orders: same }, output: clean }
  reporting: { inputs: { clean: same, orders: same }, output: report }
steps: []
`,
  'routes.yaml',
)
const takers = [...Object.entries(platformPatterns), ...story.tasks.map(task => [task.task, patternsOf(task)] as const)]
const routes = new Routes()
for (const [target, patterns] of takers) routes.add(target, patterns)

test('an event reaches those whose pattern it matches, as EventBridge judges', () => {
  const types = ['NightStarted', 'DatasetReady', 'RunDue', 'RunsConcerned', 'RunRequested', 'RunCancelled', 'RunApproved', 'TaskPaused']
  const details = [{ task: 'cleaning' }, { task: 'cleanin' }, { dataset: 'orders' }, { dataset: 'order' }, {}]
  for (const type of [...types, 'PartitionSkipped', 'VersionDelivered', 'PlaceFreed', 'RunCanceled'])
    for (const detail of details) {
      const event = { source: 'redeye', 'detail-type': type, detail } as Envelope
      const matched = takers.filter(([, patterns]) => patterns.some(p => matchesPattern(p, event))).map(([target]) => target)
      expect([type, detail, routes.of(event).sort()]).toEqual([type, detail, matched.sort()])
    }
})

test('what an operator has misspelt ends among the dead letters as it was, with why, and somebody is told', async () => {
  const host = new StoryHost(story, story.now)
  const ledger = new SqliteLedger({ path: ':memory:', filter: () => false })
  const told: string[] = []
  const bus = new LocalBus(
    ledger,
    routes,
    async (target, event) => (target === 'requests' ? requests(host.world, event) : undefined),
    async message => void told.push(message),
  )
  bus.start()
  const partition = '2026-03-02'
  await bus.publish([
    { type: 'RunCancelled', detail: { task: 'cleaning', partition } },
    { type: 'RunCancelled', detail: { task: 'cleanin', partition } },
    { type: 'RunApproved', detail: { task: 'cleanin', partition } },
    { type: 'TaskPaused', detail: { task: 'cleanin' } },
    { type: 'PartitionSkipped', detail: { dataset: 'order', partition } },
    { type: 'RunCanceled', detail: { task: 'cleaning', partition } } as never as NewEvent,
  ])
  for (let tries = 0; told.length < 5 && tries < 200; tries++) await wait(5)
  const letters = await localLetters(ledger).take()
  expect(letters.map(({ function: f, reason, event }) => [f, reason, (event as Envelope)['detail-type']])).toEqual([
    ['requests', 'no task "cleanin" is deployed', 'RunCancelled'],
    ['requests', 'no task "cleanin" is deployed', 'RunApproved'],
    ['requests', 'no task "cleanin" is deployed', 'TaskPaused'],
    ['requests', expect.stringContaining('"order"'), 'PartitionSkipped'],
    ['requests', 'there is no event "RunCanceled"', 'RunCanceled'],
  ])
  expect(letters[0]!.event).toMatchObject({ source: 'redeye', detail: { task: 'cleanin', partition } })
  expect(told[0]).toBe('requests could not handle RunCancelled: no task "cleanin" is deployed')
  bus.stop()
  ledger.close()
})
