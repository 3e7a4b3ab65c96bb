import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Source } from '../../shared/ports/source.ts'
import { datasetFaults } from '../../shared/task/dataset-faults.ts'
import { daily, dataset, ingest, keys, latest, same, transform, unpartitioned } from '../../shared/task/index.ts'
import { taskFaults } from '../../shared/task/task-faults.ts'

const about = { description: 'of the tests', owner: 'tests@example.com' }
const source: Source = { source: 'none', describe: () => 'nothing', faults: () => [], read: async function* () {} }
const orders = dataset('orders', { partition: daily(), columns: { id: 'int' }, key: ['id'], outside: true, ...about })
const clean = dataset('clean', { partition: daily(), columns: { id: 'int' }, ...about })

test('a declaration knows where it stands, and a task its name by that', () => {
  const here = fileURLToPath(import.meta.url)
  expect(orders.declared).toMatchObject({ file: here, line: 10 })
  const task = transform({ inputs: { orders: same(orders) }, output: clean, sql: 'clean.sql' })
  expect(task.declared.file).toBe(here)
  expect(task.inputs.orders!.declared.file).toBe(here)
  expect(task.name).toBe('task')
  expect(join(task.declared.file, '..')).toBe(import.meta.dirname)
})

test('what is not said has a default', () => {
  const task = ingest({ source, output: clean })
  expect(task).toMatchObject({
    kind: 'ingest',
    onNight: true,
    checks: [],
    retry: { attempts: 3, backoffMs: 60_000, factor: 2, timeouts: 2, losses: 3 },
    timeoutMs: 900_000,
    work: { work: 'ingest', maxRejected: 0.01 },
  })
  expect(task.limit).toBeUndefined()
  expect(orders).toMatchObject({ keep: '7d', readyBy: undefined, outside: true })
  expect(clean).toMatchObject({ key: [], outside: false, partition: { grain: 'daily', timezone: 'UTC' } })
})

test('an ingest runs on the night unless it has inputs or says otherwise', () => {
  expect(ingest({ source, output: clean, onNight: false }).onNight).toBe(false)
  expect(ingest({ source, output: clean, inputs: { orders: same(orders) } }).onNight).toBe(false)
  expect(ingest({ source, output: clean, inputs: { orders: same(orders) }, onNight: true }).onNight).toBe(true)
  expect(transform({ inputs: { orders: same(orders) }, output: clean, sql: 'x.sql' }).onNight).toBe(false)
})

test('a duration that is none says how to write one', () => {
  expect(() => ingest({ source, output: clean, timeout: '5 minutes' as '5m' })).toThrow('"5 minutes" is no duration')
})

test('sound declarations have no faults', () => {
  expect(datasetFaults(orders)).toEqual([])
  expect(taskFaults(ingest({ source, output: clean }))).toEqual([])
})

test('nested columns and decimals are looked into', () => {
  const odd = dataset('odd', {
    partition: unpartitioned(),
    columns: {
      amount: { decimal: [39, 2] },
      tags: { array: { struct: { 'bad name': 'int', kind: 'txt' as 'string' } } },
      _partition: 'string',
      nothing: undefined as unknown as 'string',
    },
    ...about,
  })
  expect(datasetFaults(odd).map(f => f.message)).toEqual([
    'odd: the column "amount" is a decimal(39, 2)',
    'odd: "bad name" is no name for a column',
    'odd: the column "kind" is of an unknown type "txt"',
    'odd: "_partition" is what SQL calls the partition of an input',
    'odd: the column "nothing" has no type',
  ])
})

test('aliases are names of tables', () => {
  const task = transform({
    inputs: { orders: same(orders), ORDERS: latest(orders), 'or-ders': latest(orders) },
    output: clean,
    sql: 'x.sql',
  })
  expect(taskFaults(task).map(f => f.message)).toEqual([
    'task: two inputs are called "orders"',
    'task: the input "or-ders" is no name for a table',
    'task: there is no file x.sql',
  ])
})

test('names that events do not take are no names', () => {
  const [long, longest] = ['a'.repeat(101), 'a'.repeat(100)]
  const lengths = (name: string, key: string) =>
    datasetFaults(dataset(name, { partition: keys([key, 'b']), columns: { id: 'int' }, ...about })).map(f => `${f.message}; ${f.remedy}`)
  expect(lengths(longest, longest)).toEqual([])
  expect(lengths('regions', long)).toEqual([`regions: "${long}" has 101 characters; events take names of at most 100`])
  expect(lengths(long, 'a')).toEqual([`${long}: "${long}" has 101 characters; events take names of at most 100`])
  const named = (name: string) => taskFaults({ ...ingest({ source, output: clean }), name }).map(f => f.message)
  expect(named(longest)).toEqual([])
  expect(named(long)).toEqual([`${long}: its name has 101 characters`])
})
