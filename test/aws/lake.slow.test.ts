import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3'
import { bucketLake, lakeClient } from '../../shared/aws/lake.ts'
import { lakeConformance } from '../ports/lake-conformance.ts'
import { type Emulator, startEmulator } from './emulator.ts'

let emulator: Emulator
let before: NodeJS.ProcessEnv
let folder: string
let client: S3Client
let buckets = 0
beforeAll(async () => {
  emulator = await startEmulator()
  before = { ...process.env }
  Object.assign(process.env, emulator.env)
  folder = await mkdtemp(join(tmpdir(), 'redeye-lake-'))
  client = lakeClient()
})
afterAll(async () => {
  client?.destroy()
  process.env = before
  await emulator?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function newLake(more: { multipartBytes?: number } = {}) {
  const bucket = `redeye-test-${buckets++}`
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  return { bucket, lake: bucketLake({ bucket, folder: join(folder, bucket), client, ...more }) }
}

lakeConformance('a bucket', async () => ({ lake: (await newLake()).lake, close: async () => {} }))

describe('a lake in a bucket', () => {
  test('an object larger than a range comes whole, in order', async () => {
    const { lake, bucket } = await newLake()
    const bytes = Buffer.alloc(40 * 1024 * 1024, (_ => 'redeye '.repeat(1000))(0))
    bytes.writeUInt32BE(42, bytes.length - 4)
    await lake.put('a/large', bytes)
    const other = bucketLake({ bucket, folder: join(folder, 'other'), client })
    expect(bytes.equals(await readFile(await other.fetch('a/large')))).toBe(true)
  })

  test('a file of many megabytes goes in parts, and is whole', async () => {
    const { lake, bucket } = await newLake({ multipartBytes: 6 * 1024 * 1024 })
    const path = lake.scratch('.parquet')
    const bytes = Buffer.alloc(40 * 1024 * 1024, 'parts ')
    await writeFile(path, bytes)
    await lake.putFile('a/large', path)
    expect(await lake.size('a/large')).toBe(bytes.length)
    const other = bucketLake({ bucket, folder: join(folder, 'another'), client })
    expect(bytes.equals(await readFile(await other.fetch('a/large')))).toBe(true)
    expect((await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))).Uploads ?? []).toEqual([])
  })

  test('an object without bytes is an empty file', async () => {
    const { lake, bucket } = await newLake()
    await lake.put('a/nothing', '')
    const other = bucketLake({ bucket, folder: join(folder, 'empty'), client })
    expect(await readFile(await other.fetch('a/nothing'), 'utf8')).toBe('')
  })

  test('more keys than one answer or removal takes', async () => {
    const { lake } = await newLake()
    const keys = Array.from({ length: 1100 }, (_, i) => `many/${String(i).padStart(5, '0')}`)
    for (let from = 0; from < keys.length; from += 50) await Promise.all(keys.slice(from, from + 50).map(key => lake.put(key, key)))
    const listed = await Array.fromAsync(lake.list('many/'))
    expect(listed.map(f => f.key)).toEqual(keys)
    await lake.remove(keys)
    expect(await Array.fromAsync(lake.list(''))).toEqual([])
  })

  test('what was put is fetched without a download; a file that was taken over is gone from where it was', async () => {
    const { lake, bucket } = await newLake()
    const path = lake.scratch('.parquet')
    await writeFile(path, 'rows')
    await lake.putFile('a/part', path)
    await expect(readFile(path)).rejects.toThrow(/ENOENT/)
    const copy = await lake.fetch('a/part')
    expect(copy.startsWith(join(folder, bucket))).toBe(true)
    expect(await readFile(copy, 'utf8')).toBe('rows')
    expect(await readdir(join(folder, bucket))).toEqual(['copies'])
  })

  test('a bucket that is not there says who makes it', async () => {
    const lake = bucketLake({ bucket: 'redeye-never', folder: join(folder, 'never'), client })
    await expect(lake.put('a/b', 'x')).rejects.toMatchObject({ code: 'NOT_DEPLOYED', message: expect.stringContaining('redeye-never') })
  })
})
