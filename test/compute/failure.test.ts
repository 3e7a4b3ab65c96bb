import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createCompute } from '../../shared/compute/compute.ts'
import { computeFailure } from '../../shared/compute/failure.ts'
import { RedeyeError } from '../../shared/core/errors.ts'
import { ingest, transform } from '../../shared/task/index.ts'
import { attemptOf, day, openWorkplace, sourceOf, type Workplace } from './workplace.ts'

let place: Workplace
beforeAll(async () => {
  place = await openWorkplace()
})
afterAll(() => place.close())

const output = day('numbers', { n: 'bigint', text: 'string' })
const task = transform({ inputs: {}, output, sql: 'numbers.sql' })
const sql = (duckdb: string) => ({ sql: { duckdb, parameters: [] } })
// Sorting so many texts takes more than 30 MB.
const heavy = sql('SELECT range AS n, hash(range)::VARCHAR AS text FROM range(800000) ORDER BY text')

// Sorting on disk takes seconds where others use the machine too.
const SLOW_MS = 60_000

test('too little memory is a matter of resources, and the error names the size to set', async () => {
  const running = createCompute(task, place.world({ ...heavy, duckdb: { threads: 1, memoryMb: 20, spillFolder: '' } })).run(attemptOf(task))
  await expect(running).rejects.toMatchObject({
    code: 'OUT_OF_MEMORY',
    failure: 'resources',
    message: expect.stringContaining('needs more memory than 20 MB'),
    remedy: "give it more memory, or set engine: 'spark' in its task.ts",
  })
})

test.each([
  [1769, 'set memoryMb to 3538 in its task.ts'],
  [8000, 'set memoryMb to 10240 in its task.ts'],
  [10_240, "make its work smaller; SQL may be given engine: 'spark' in its task.ts"],
])('too little memory in a function of %s MB names the size of function to set', (functionMb, remedy) => {
  const context = { task: 'numbers', partition: 'all', memoryMb: 20, function: { memoryMb: functionMb, diskMb: 4096 } }
  expect(computeFailure(new Error('Out of Memory Error: no more'), context)).toMatchObject({
    code: 'OUT_OF_MEMORY',
    message: `numbers@all needs more memory than its function of ${functionMb} MB gives: Out of Memory Error: no more`,
    remedy,
  })
})

test.each([
  [4096, 'set diskMb to 8192 in its task.ts'],
  [8192, 'set diskMb to 10240 in its task.ts'],
  [10_240, "make its work smaller; SQL may be given engine: 'spark' in its task.ts"],
])('too little disk in a function of %s MB names the size of disk to set', (diskMb, remedy) => {
  const context = { task: 'numbers', partition: 'all', function: { memoryMb: 1769, diskMb } }
  expect(computeFailure(new Error('ENOSPC: no space left on device, write'), context)).toMatchObject({ code: 'OUT_OF_DISK', remedy })
})

test(
  'what outgrows the memory goes to the lake’s disk, and leaves nothing there',
  async () => {
    const manifest = await place.run(task, {}, { ...heavy, duckdb: { threads: 1, memoryMb: 30 } })
    expect(manifest.rows).toBe(800_000)
    const [first] = manifest.files
    expect(await place.lake.size(first!.key)).toBe(first!.bytes)
  },
  SLOW_MS,
)

test('too little disk is a matter of resources', async () => {
  const running = place.run(task, { attempt: 2 }, { ...heavy, duckdb: { threads: 1, memoryMb: 30, spillMb: 1 } })
  await expect(running).rejects.toMatchObject({ code: 'OUT_OF_DISK', failure: 'resources' })
  expect(await place.keys('numbers/2001-02-14/g1-a2')).toEqual([])
  expect((await readdir(join(place.folder, 'lake', '.scratch'))).filter(name => !name.endsWith('-spill'))).toEqual([])
})

// More pairs than a machine counts in a lifetime: only an interrupt ends it.
const endless = sql("SELECT count(*) AS n, 'x' AS text FROM range(3000000) a, range(3000000) b WHERE hash(a.range + b.range) % 7 = 3")

test.each([
  ['a cancelled attempt', () => new Error('cancelled'), { code: 'ATTEMPT_ENDED', failure: 'cancelled' }],
  ['a timeout', () => new DOMException('too long', 'TimeoutError'), { code: 'ATTEMPT_ENDED', failure: 'timeout' }],
  [
    'a reason of ours',
    () => new RedeyeError('STALE_ATTEMPT', 'a newer one', { failure: 'lost' }),
    { code: 'STALE_ATTEMPT', failure: 'lost' },
  ],
])('%s interrupts the query', async (_, reason, expected) => {
  const end = new AbortController()
  const running = createCompute(task, place.world(endless)).run(attemptOf(task, { attempt: 3, signal: end.signal }))
  setTimeout(() => end.abort(reason()), 30)
  await expect(running).rejects.toMatchObject(expected)
  expect(await place.keys('numbers/2001-02-14/g1-a3')).toEqual([])
})

test('an attempt that had ended before it began does nothing', async () => {
  const running = createCompute(task, place.world(endless)).run(attemptOf(task, { signal: AbortSignal.abort() }))
  await expect(running).rejects.toMatchObject({ code: 'ATTEMPT_ENDED', failure: 'cancelled' })
})

test('the session of an attempt that failed harms no other', async () => {
  await Promise.allSettled([1, 2, 3].map(attempt => place.run(task, { attempt }, sql('SELECT 1 AS n'))))
  await expect(place.run(task, { attempt: 9 }, sql("SELECT 1 AS n, 'x' AS text"))).resolves.toMatchObject({ rows: 1 })
})

test('an error of the source stays what it is', async () => {
  const error = new RedeyeError('BAD_CREDENTIAL', 'no such secret')
  const source = sourceOf(() => {
    throw error
  })
  await expect(place.run(ingest({ source, output }))).rejects.toBe(error)
})

test.each([
  ['IO Error: Could not write file "x": No space left on device', 'OUT_OF_DISK', 'resources'],
  ['Out of Memory Error: failed to offload data block (max_temp_directory_size)', 'OUT_OF_DISK', 'resources'],
  ['Out of Memory Error: could not allocate block of size 256.0 KiB', 'OUT_OF_MEMORY', 'resources'],
  ['Failed to extract statements: Parser Error: syntax error at or near "x"', 'BAD_SQL', 'user'],
  ['Invalid Input Error: wrong', 'BAD_SQL', 'user'],
  ['IO Error: Cannot open file "x": No such file or directory', 'LAKE_FAILED', 'transient'],
  ['INTERNAL Error: assertion failed', 'SQL_FAILED', 'transient'],
  ['something else', 'SQL_FAILED', 'transient'],
])('%s is %s', (message, code, failure) => {
  expect(computeFailure(new Error(message), { task: 't', partition: 'p' })).toMatchObject({
    code,
    failure,
    message: expect.stringMatching(/^t@p/),
  })
})
