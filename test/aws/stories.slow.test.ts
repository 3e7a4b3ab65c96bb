import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openStory } from '../../shared/rehearse/parse.ts'
import { play } from '../../shared/rehearse/player.ts'
import { type DynamodbLocal, startDynamodbLocal } from './dynamodb-local.ts'
import { openDynamoStory } from './dynamodb-story-ledger.ts'

const folder = join(import.meta.dirname, '../stories')
const stories = globSync('**/*.yaml', { cwd: folder }).sort()

let local: DynamodbLocal
beforeAll(async () => {
  local = await startDynamodbLocal()
})
afterAll(() => local?.stop())

test.each(stories)('on DynamoDB: %s', async file => {
  const { open, drop } = await openDynamoStory(local)
  await play(openStory(readFileSync(join(folder, file), 'utf8'), file).bind(), open)
  await drop()
})
