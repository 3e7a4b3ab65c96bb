import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { datasetContract, sqlFile, taskContract } from '../../shared/task/contract.ts'
import { daily, dataset, latest, offset, same, type Task, transform } from '../../shared/task/index.ts'

const about = { columns: { id: 'int' }, description: 'of the tests', owner: 'tests@example.com' } as const
const orders = dataset('orders', { partition: daily(), outside: true, ...about })
const clean = dataset('clean', { partition: daily(), keep: '2d', ...about })
const base = { output: clean, sql: 'clean.sql' } as const

/** The task as if its files stood in a folder with these texts. */
function inFolder(task: Task, taskText: string, sqlText: string): Task {
  const folder = mkdtempSync(join(tmpdir(), 'redeye-contract-'))
  folders.push(folder)
  mkdirSync(join(folder, 'clean'))
  writeFileSync(join(folder, 'clean/task.ts'), taskText)
  writeFileSync(join(folder, 'clean/clean.sql'), sqlText)
  return { ...task, name: 'clean', declared: { file: join(folder, 'clean/task.ts'), line: 1, column: 1 } }
}
const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

test('a task’s contract says how it joins, when it runs and how it is retried', () => {
  const task = transform({
    ...base,
    inputs: { orders: same(orders, { wait: { optional: '04:30' }, onUpdate: 'hold' }), before: offset(clean, -1) },
    retry: { attempts: 5, backoff: '90s' },
    timeout: '2h',
    limit: 3,
  })
  expect(taskContract(task, 42)).toEqual({
    kind: 'task',
    task: 'task',
    output: 'clean',
    inputs: [
      { dataset: 'orders', mapping: { map: 'same' }, wait: { optional: '04:30' }, onUpdate: 'hold' },
      { dataset: 'clean', mapping: { map: 'offset', k: -1 }, wait: 'all', onUpdate: 'rerun' },
    ],
    onNight: false,
    retry: { attempts: 5, timeouts: 2, losses: 3, resources: 2, backoffMs: 90_000, factor: 2, jitter: 0.5 },
    timeoutMs: 7_200_000,
    limit: 3,
    hash: expect.stringMatching(/^[0-9a-f]{32}$/),
    inputsHash: expect.stringMatching(/^[0-9a-f]{32}$/),
    deployedAt: 42,
  })
})

test('what outgrows its function is tried again where its SQL may go to Spark', () => {
  const inputs = { orders: same(orders) }
  const resources = (task: Task) => taskContract(task, 0).retry.resources
  expect(resources(transform({ ...base, inputs }))).toBe(2)
  expect(resources(transform({ ...base, inputs, engine: 'duckdb' }))).toBeUndefined()
  expect(resources(transform({ ...base, inputs, engine: 'spark' }))).toBeUndefined()
  expect(resources({ ...transform({ ...base, inputs }), kind: 'load' } as Task)).toBeUndefined()
})

test('a dataset’s contract', () => {
  expect(datasetContract(clean)).toEqual({
    kind: 'dataset',
    dataset: 'clean',
    partitioning: { grain: 'daily', timezone: 'UTC' },
    outside: false,
    keepMs: 2 * 86_400_000,
  })
})

test('the hash is of what could change rows, the inputs’ hash of the join alone', () => {
  const plain = transform({ ...base, inputs: { orders: same(orders) } })
  const hashes = (task: Task, taskText = 'task', sqlText = 'select 1') => {
    const { hash, inputsHash } = taskContract(inFolder(task, taskText, sqlText), 0)
    return { hash, inputsHash }
  }
  const before = hashes(plain)
  expect(hashes(plain)).toEqual(before)
  for (const changed of [
    hashes(plain, 'task', 'select 2'),
    hashes(plain, 'other'),
    hashes(transform({ ...base, inputs: { o: same(orders) } })),
  ]) {
    expect(changed.hash).not.toBe(before.hash)
    expect(changed.inputsHash).toBe(before.inputsHash)
  }
  const joined = hashes(transform({ ...base, inputs: { orders: latest(orders) } }))
  expect(joined.hash).not.toBe(before.hash)
  expect(joined.inputsHash).not.toBe(before.inputsHash)
  // Policies say when to run, not on what: pins made under others still compare.
  const policy = hashes(transform({ ...base, inputs: { orders: same(orders, { onUpdate: 'ignore' }) } }))
  expect(policy.inputsHash).toBe(before.inputsHash)
})

test('a transform’s statement lies beside its task.ts', () => {
  const task = inFolder(transform({ ...base, inputs: { orders: same(orders) } }), '', '')
  expect(sqlFile(task)).toBe(task.declared.file.replace('task.ts', 'clean.sql'))
})
