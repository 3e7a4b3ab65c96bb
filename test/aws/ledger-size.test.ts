import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { marshall } from '@aws-sdk/util-dynamodb'
import type { RunDoc } from '../../shared/core/run.ts'
import { openStory } from '../../shared/rehearse/parse.ts'
import { play } from '../../shared/rehearse/player.ts'
import { itemBytes } from './dynamodb-size.ts'

const file = join(import.meta.dirname, '../stories/nights/a-whole-night.yaml')
/** What an item has beside its document. */
const around = { rev: 12, by: 'AbCdEf12', ix: 'run/a_dataset_with_a_long_name', at: '1804500000000' }
const whole = (doc: RunDoc) => marshall({ pk: `run/${doc.dataset}`, sk: doc.partition, ...around, doc }, { removeUndefinedValues: true })

test('a run’s document has less than 1 KB without its ancestry, and so is written for one unit; as JSON it would be larger', async () => {
  const { ledger, graph } = await play(openStory(readFileSync(file, 'utf8'), file).bind())
  const docs = (await Promise.all(graph.tasks.map(({ output }) => ledger.query<RunDoc>(`run/${output}`)))).flat().map(s => s.doc)
  expect(docs.length).toBeGreaterThan(10)
  for (const doc of docs) {
    const { ancestry: _, ...version } = doc.version ?? ({} as NonNullable<RunDoc['version']>)
    const bare = { ...doc, ...(doc.version && { version: { ...version, schemaHash: 'a'.repeat(64), hash: 'b'.repeat(64) } }) } as RunDoc
    expect(itemBytes(whole(bare))).toBeLessThan(1024)
    expect(itemBytes({ doc: { M: marshall(doc, { removeUndefinedValues: true }) } })).toBeLessThan(JSON.stringify(doc).length + 3)
  }
})
