import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkEvent } from '../../shared/core/event-shape.ts'

const folder = join(import.meta.dirname, '../../events')
const examples = readdirSync(folder).filter(file => file.endsWith('.example.json'))

test.each(examples)('%s is what the functions take', file => {
  for (const entry of [JSON.parse(readFileSync(join(folder, file), 'utf8'))].flat()) {
    const type: string = entry.DetailType ?? entry['detail-type']
    const detail = entry.Detail ?? entry.detail
    checkEvent(type, typeof detail === 'string' ? JSON.parse(detail) : detail)
  }
})

test.each([
  ['RunRequested', { from: '2001-02-01', to: '2001-02-02' }, 'tasks is missing; it takes a list of at least one name'],
  ['RunRequested', { tasks: ['a'], from: '2001-02-01', to: '2001-02-02', run: 'al' }, 'run is "al"; it takes one of missing, failed, all'],
  ['RunRequested', { tasks: ['a'], from: '2001-02-01', to: '2001-02-02', maxActive: 0 }, 'maxActive is 0; it takes a whole number from 1'],
  ['NightStarted', {}, 'date is missing'],
  ['NightStarted', 'tonight', 'not an object'],
  ['VersionDelivered', { dataset: 'a', partition: 'b', files: 'c.parquet' }, 'files is "c.parquet"; it takes a list of texts'],
  ['RunRequestd', {}, 'there is no event "RunRequestd"'],
])('%s of %j is refused: %s', (type, detail, message) => {
  expect(() => checkEvent(type, detail)).toThrow(message)
})

test('fields that a newer version may have are left alone', () => {
  checkEvent('NightStarted', { date: '2001-02-14', mood: 'calm' })
})
