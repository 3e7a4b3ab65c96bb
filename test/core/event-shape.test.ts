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
  ['RunRequested', { from: '2001-02-01', to: '2001-02-02' }, 'tasks is missing; it takes a list that is not empty'],
  ['RunRequested', { tasks: ['a'], from: '2001-02-01', to: '2001-02-02', run: 'al' }, 'run is "al"; it takes one of missing, failed, all'],
  ['RunRequested', { tasks: ['a'], from: '2001-02-01', to: '2001-02-02', maxActive: 0 }, 'maxActive is 0; it takes a whole number from 1'],
  ['NightStarted', {}, 'date is missing'],
  ['NightStarted', 'tonight', 'not an object'],
  ['VersionDelivered', { dataset: 'a', partition: 'b', files: 'c.parquet' }, 'files is "c.parquet"; it takes a list that is not empty'],
  ['VersionDelivered', { dataset: 'a', partition: 'b', files: [] }, 'files is []; it takes a list that is not empty'],
  ['RunRequestd', {}, 'there is no event "RunRequestd"'],
])('%s of %j is refused: %s', (type, detail, message) => {
  expect(() => checkEvent(type, detail)).toThrow(message)
})

test('fields that a newer version may have are left alone', () => {
  checkEvent('NightStarted', { date: '2001-02-14', mood: 'calm' })
})

describe('every field says what it takes:', () => {
  const request = { tasks: ['a'], from: '2001-02-01', to: '2001-02-02' }
  const ready = { dataset: 'a', partition: 'b', number: 1, at: 5, cause: { lane: 'nightly' } }
  test.each<[string, object, string]>([
    ['DatasetReady', { ...ready, number: 'one' }, 'number is "one"; it takes a whole number from 1'],
    ['DatasetReady', { ...ready, at: Number.NaN }, 'it takes a number'],
    ['DatasetReady', { ...ready, cause: null }, 'cause is null; it takes an object'],
    ['DatasetReady', { ...ready, cause: [] }, 'it takes an object'],
    ['DatasetReady', { ...ready, cause: 'nightly' }, 'it takes an object'],
    ['DatasetReady', { ...ready, cause: { lane: 'urgent' } }, 'cause.lane is "urgent"; it takes one of nightly, manual, backfill'],
    ['DatasetReady', { ...ready, cause: {} }, 'cause.lane is missing'],
    ['DatasetReady', { ...ready, cause: { lane: 'manual', under: ['r', 5] } }, 'cause.under[1] is 5; it takes a text'],
    ['DatasetReady', { ...ready, dataset: '' }, 'dataset is ""; it takes a name'],
    ['DatasetReady', { ...ready, dataset: 7 }, 'dataset is 7; it takes a name'],
    ['DatasetReady', { ...ready, dataset: 'a b' }, 'dataset is "a b"; it takes a name: at most 100 letters, digits, ".", "_" and "-"'],
    ['RunRequested', { ...request, tasks: [] }, 'tasks is []; it takes a list that is not empty'],
    ['RunRequested', { ...request, tasks: [''] }, 'tasks[0] is ""; it takes a name'],
    ['RunRequested', { ...request, tasks: ['a', 5] }, 'tasks[1] is 5; it takes a name'],
    ['RunRequested', { ...request, downstream: 'no' }, 'downstream is "no"; it takes true or false'],
    ['RunRequested', { ...request, lane: 'slow' }, 'one of nightly, manual, backfill'],
    ['RunRequested', { ...request, maxActive: 1.5 }, 'a whole number from 1'],
    ['RunRequested', { ...request, id: '' }, 'id is ""; it takes a text of at most 100 characters'],
    ['RunRequested', { ...request, id: 'r'.repeat(101) }, 'it takes a text of at most 100 characters'],
    ['VersionDelivered', { dataset: 'a', partition: 'b', files: ['c', 4] }, 'files[1] is 4; it takes a text'],
    ['PlaceFreed', { limit: 'a', dataset: 'b', partition: 'c' }, 'limit is "a"; it takes task/NAME, lane/LANE or request/ID'],
    ['PlaceFreed', { limit: 'task/a', dataset: 'b', partition: 'c', generation: 1 }, 'attempt is missing; it takes a whole number from 1'],
    ['RunsConcerned', { task: 'a', from: 'b', to: 'c', arrival: { ...ready, at: undefined } }, 'arrival.at is missing; it takes a number'],
  ])('%s %j: %s', (type, detail, message) => {
    expect(() => checkEvent(type, detail)).toThrow(
      expect.objectContaining({ code: 'BAD_EVENT', message: expect.stringContaining(message) }),
    )
  })

  test('what is long is cut, and what to do names the example', () => {
    const long = () => checkEvent('NightStarted', { date: ['x'.repeat(200)] })
    expect(long).toThrow(expect.objectContaining({ remedy: 'see events/night-started.example.json' }))
    expect(long).toThrow(/^.{100,140}$/)
    expect(() => checkEvent('RunRequestd', {})).toThrow(expect.objectContaining({ remedy: 'did you mean RunRequested?' }))
    expect(() => checkEvent('Zzzzzzzz', {})).toThrow(expect.objectContaining({ remedy: expect.stringContaining('events/') }))
  })

  test('none, but what is optional may be left out', () => {
    checkEvent('RunRequested', request)
    checkEvent('RunRequested', { ...request, id: 'r', run: 'missing', downstream: false, lane: 'manual', maxActive: 1 })
    checkEvent('RunDue', { task: 'a', partition: 'b' })
    checkEvent('VersionDelivered', { dataset: 'a', partition: 'b', files: ['c'] })
    for (const type of ['RunCancelled', 'RunApproved']) {
      checkEvent(type, { task: 'a', partition: 'b' })
      expect(() => checkEvent(type, { task: 'a' })).toThrow('partition is missing')
    }
    for (const type of ['TaskPaused', 'TaskResumed']) expect(() => checkEvent(type, {})).toThrow('task is missing')
    expect(() => checkEvent('PartitionSkipped', { dataset: 'a' })).toThrow('partition is missing')
    expect(() => checkEvent('RunsConcerned', { task: 'a', from: 'b', to: 'c' })).toThrow('arrival is missing')
    expect(() => checkEvent('NightStarted', [])).toThrow('not an object')
    expect(() => checkEvent('NightStarted', null)).toThrow('not an object')
  })
})
