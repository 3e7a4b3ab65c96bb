import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStory } from '../../shared/rehearse/parse.ts'
import { play } from '../../shared/rehearse/player.ts'
import { type DynamodbLocal, FETCHED_WITHIN_MS, startDynamodbLocal } from './dynamodb-local.ts'
import { openDynamoStory } from './dynamodb-story-ledger.ts'

const folder = join(import.meta.dirname, '../stories')
// Those that ask a ledger hundreds or thousands of times, for as many partitions: what they ask is what the others do, and they are played on the embedded one.
const wide = [
  'delivery/hundreds-at-once.yaml',
  'lanes/a-thousand-days-of-a-list.yaml',
  'lanes/a-year-beside-the-night.yaml',
  'mappings/a-year-in-a-window.yaml',
  'mappings/hours-of-a-week.yaml',
  'mappings/month-of-a-day.yaml',
  'mappings/month-over-hours-fans-out.yaml',
  'mappings/months-of-a-week.yaml',
  'nights/a-whole-night.yaml',
  'requests/into-the-future.yaml',
  'restarts/in-the-middle-of-a-backfill.yaml',
  'timeouts/none-unless-given.yaml',
  'zones/week-of-167-hours.yaml',
]
// All of them take eight minutes and more of an emulator's time, so the gate plays one in five, spread over all themes.
const every = process.env.REDEYE_STORIES === 'all' ? 1 : 5
const stories = globSync('**/*.yaml', { cwd: folder })
  .filter(file => !wide.includes(file))
  .sort()
  .filter((_, i) => i % every === 0)

let local: DynamodbLocal
beforeAll(async () => {
  local = await startDynamodbLocal()
}, FETCHED_WITHIN_MS)
afterAll(() => local?.stop())

// A second each; on a machine that is busy with other things a hundred times that has been seen.
const LONGEST_MS = 600_000

test.each(stories)(
  'on DynamoDB: %s',
  async file => {
    const { open, drop } = await openDynamoStory(local)
    await play(openStory(readFileSync(join(folder, file), 'utf8'), file).bind(), open)
    await drop()
  },
  LONGEST_MS,
)
