import { type NightDoc, nightKey } from '../../shared/engine/keys.ts'
import { lateNights, recordNight, wake } from '../../shared/engine/night.ts'
import { StoryHost } from '../../shared/rehearse/host.ts'
import { parseStory } from '../../shared/rehearse/parse.ts'

const story = parseStory(
  `
story: an ingest
now: 2026-03-09T23:30:00Z
datasets:
  orders: { partition: daily, from: 2026-03-01 }
tasks:
  read-orders: { output: orders, on: night }
steps: []
`,
  'night.yaml',
)

describe('what the schedule wakes', () => {
  let host: StoryHost
  beforeEach(async () => {
    host = new StoryHost(story, story.now)
    await host.deploy()
  })
  const nights = async () => (await host.ledger.query<NightDoc>('night')).map(s => s.doc)

  test('begins the night of yesterday, in the platform’s zone, where there was none before', async () => {
    expect(await wake(host.world, 'UTC')).toEqual(['2026-03-08'])
    expect(await wake(host.world, 'Asia/Tokyo')).toEqual(['2026-03-09'])
    await host.drain()
    // In Tokyo the ninth is over; the dataset's days are UTC's.
    expect(host.seen.started).toEqual(['read-orders@2026-03-08'])
    await host.advance(host.now + 3_600_000)
    expect(host.seen.started).toEqual(['read-orders@2026-03-08', 'read-orders@2026-03-09'])
  })

  test('makes up for every night since the last one, each once', async () => {
    await wake(host.world, 'UTC')
    await host.drain()
    await host.advance(host.now + 3 * 86_400_000)
    expect(await wake(host.world, 'UTC')).toEqual(['2026-03-09', '2026-03-10', '2026-03-11'])
    await host.drain()
    expect((await nights()).map(n => n.date)).toEqual(['2026-03-08', '2026-03-09', '2026-03-10', '2026-03-11'])
    expect(await wake(host.world, 'UTC')).toEqual([])
    await host.drain()
    expect(host.seen.started).toHaveLength(4)
  })

  test('goes by the newest night, whichever was recorded last', async () => {
    for (const date of ['2026-03-07', '2026-03-05']) await recordNight(host.world, { date })
    expect(await wake(host.world, 'UTC')).toEqual(['2026-03-08'])
  })

  test('a night of a day to come holds up none', async () => {
    await recordNight(host.world, { date: '2026-04-01' })
    expect(await wake(host.world, 'UTC')).toEqual(['2026-03-08'])
  })
})

describe('a night that is late', () => {
  let host: StoryHost
  // The stage has its task since half past eleven on the ninth.
  beforeEach(async () => {
    host = new StoryHost(story, story.now)
    await host.deploy()
  })
  const lateAt = (time: string, zone = 'UTC', nightAt = '03:30') => {
    host.now = Date.parse(time)
    return lateNights(host.world, zone, nightAt)
  }

  test('is one whose date has none an hour after it was due', async () => {
    expect(await lateAt('2026-03-10T04:29:59Z')).toEqual([])
    expect(await lateAt('2026-03-10T04:30:00Z')).toEqual(['2026-03-09'])
    expect(await lateAt('2026-03-11T04:30:00Z')).toEqual(['2026-03-09', '2026-03-10'])
    await recordNight(host.world, { date: '2026-03-09' })
    expect(await lateAt('2026-03-11T04:30:00Z')).toEqual(['2026-03-10'])
  })

  test('by the stage’s zone, whose clocks go forward', async () => {
    expect(await lateAt('2026-03-10T08:29:59Z', 'America/New_York')).toEqual([])
    expect(await lateAt('2026-03-10T08:30:00Z', 'America/New_York')).toEqual(['2026-03-09'])
    // On the 29th Madrid's clocks go forward at two.
    for (let day = 9; day < 28; day++) await recordNight(host.world, { date: `2026-03-${String(day).padStart(2, '0')}` })
    expect(await lateAt('2026-03-29T02:29:59Z', 'Europe/Madrid')).toEqual([])
    expect(await lateAt('2026-03-29T02:30:00Z', 'Europe/Madrid')).toEqual(['2026-03-28'])
  })

  test('is not made up for by nights of other dates', async () => {
    for (const date of ['2026-02-01', '2026-03-05', '2026-03-10']) await recordNight(host.world, { date })
    expect(await lateAt('2026-03-10T05:00:00Z')).toEqual(['2026-03-09'])
  })

  test('was not due before the stage had a task, and is nobody’s concern after a fortnight', async () => {
    expect(await lateAt('2026-03-09T23:30:00Z')).toEqual([])
    const late = await lateAt('2026-04-09T05:00:00Z')
    expect([late.length, late[0]]).toEqual([14, '2026-03-26'])
    expect(await lateNights({ ...host.world, graph: async () => ({ ...(await host.world.graph()), tasks: [] }) }, 'UTC', '03:30')).toEqual(
      [],
    )
  })
})

describe('a night', () => {
  test('is recorded once, when it was first heard of', async () => {
    const host = new StoryHost(story, story.now)
    await recordNight(host.world, { date: '2026-03-08' })
    host.now += 1000
    await recordNight(host.world, { date: '2026-03-08' })
    expect((await host.ledger.get<NightDoc>(nightKey('2026-03-08')))!.doc).toEqual({ v: 1, date: '2026-03-08', at: story.now })
  })

  test('of no date is refused', async () => {
    const host = new StoryHost(story, story.now)
    await expect(recordNight(host.world, { date: '2026-02-30' })).rejects.toMatchObject({ code: 'BAD_DATE' })
    await expect(recordNight(host.world, {} as never)).rejects.toMatchObject({ code: 'BAD_EVENT' })
  })
})
