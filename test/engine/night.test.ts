import { type NightDoc, nightKey } from '../../shared/engine/keys.ts'
import { recordNight, wake } from '../../shared/engine/night.ts'
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
