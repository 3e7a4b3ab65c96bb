import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { mockClient } from 'aws-sdk-client-mock'
import { bucketLake, lakeFailure } from '../../shared/aws/lake.ts'
import { refusals, sdkError } from './sdk.ts'

const s3 = mockClient(S3Client)
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redeye-lake-'))
  s3.reset()
  s3.on(PutObjectCommand).resolves({})
})
afterEach(() => rm(folder, { recursive: true, force: true }))
const client = new S3Client({ region: 'eu-west-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } })
const newLake = (more: { multipartBytes?: number; keptBytes?: number } = {}) => bucketLake({ bucket: 'lake', folder, client, ...more })
const body = (bytes: Uint8Array | string) => Readable.from([Buffer.from(bytes as string)]) as never
const part = async (lake: ReturnType<typeof newLake>, bytes: Buffer | string) => {
  const path = lake.scratch('.parquet')
  await writeFile(path, bytes)
  return path
}

test('one PUT a part, with its bytes, so that it can be sent again', async () => {
  const lake = newLake()
  await lake.putFile('a/part-0000.parquet', await part(lake, 'rows'))
  const [call] = s3.commandCalls(PutObjectCommand)
  expect(call!.args[0].input).toMatchObject({ Bucket: 'lake', Key: 'a/part-0000.parquet' })
  expect(Buffer.isBuffer(call!.args[0].input.Body)).toBe(true)
  expect(s3.calls()).toHaveLength(1)
})

test('above the limit in parts', async () => {
  s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' })
  s3.on(UploadPartCommand).resolves({ ETag: 'e' })
  s3.on(CompleteMultipartUploadCommand).resolves({})
  const lake = newLake({ multipartBytes: 10 })
  // The uploader itself decides that what fits into one of its parts is one PUT.
  await lake.putFile('a/small', await part(lake, Buffer.alloc(11)))
  expect(s3.commandCalls(CreateMultipartUploadCommand)).toHaveLength(0)
  await lake.putFile('a/large', await part(lake, Buffer.alloc(33 * 1024 * 1024)))
  expect(s3.commandCalls(UploadPartCommand).map(c => c.args[0].input.PartNumber)).toEqual([1, 2])
  expect(s3.commandCalls(CompleteMultipartUploadCommand)).toHaveLength(1)
})

test('what could not be uploaded leaves the file, for whoever tries again', async () => {
  const lake = newLake()
  const path = await part(lake, 'rows')
  s3.on(PutObjectCommand).rejects(sdkError('SlowDown', 'Please reduce your request rate', 503))
  await expect(lake.putFile('a/b', path)).rejects.toMatchObject({ code: 'LAKE_FAILED', failure: 'transient' })
  expect(existsSync(path)).toBe(true)
})

test('a text is put as bytes of a known length', async () => {
  await newLake().put('a/manifest.json', '{"é":1}')
  expect(s3.commandCalls(PutObjectCommand)[0]!.args[0].input).toMatchObject({ ContentLength: 8 })
})

test('a download is asked in ranges of one object, and all bytes are counted', async () => {
  const size = 20 * 1024 * 1024
  const whole = Buffer.alloc(size, 'redeye')
  s3.on(GetObjectCommand).callsFake(({ Range }: { Range: string }) => {
    const [from, to] = Range.slice('bytes='.length).split('-').map(Number) as [number, number]
    const bytes = whole.subarray(from, to + 1)
    return { Body: body(bytes), ContentRange: `bytes ${from}-${from + bytes.length - 1}/${size}`, ETag: '"e"' }
  })
  const path = await newLake().fetch('a/large')
  expect(whole.equals(await readFile(path))).toBe(true)
  expect(s3.commandCalls(GetObjectCommand).map(c => [c.args[0].input.Range, c.args[0].input.IfMatch])).toEqual([
    ['bytes=0-16777215', undefined],
    ['bytes=16777216-33554431', '"e"'],
  ])
})

test('an answer that breaks off is asked again; three times, and it is a failure that may pass', async () => {
  const answer = (bytes: string) => ({ Body: body(bytes), ContentRange: 'bytes 0-3/4', ETag: '"e"' })
  s3.on(GetObjectCommand).resolvesOnce(answer('ro')).resolvesOnce(answer('rows'))
  expect(await readFile(await newLake().fetch('a/b'), 'utf8')).toBe('rows')
  s3.on(GetObjectCommand).callsFake(() => answer('ro'))
  await expect(newLake().fetch('a/c')).rejects.toMatchObject({
    code: 'LAKE_FAILED',
    failure: 'transient',
    message: expect.stringContaining('2 bytes came from 0 on, and 4 were to come'),
  })
})

test('however many files are asked for, so many ranges are on their way at once that each has a connection; one that fails gives its place on', async () => {
  const lost = 'a/0007'
  let [coming, most] = [0, 0]
  s3.on(GetObjectCommand).callsFake(async ({ Key }: { Key: string }) => {
    most = Math.max(most, ++coming)
    const rows = async function* () {
      // Others get as far as they may before this one has come.
      await new Promise(resolve => setTimeout(resolve, 2))
      coming--
      if (Key === lost) throw new Error('reset')
      yield Buffer.from('rows')
    }
    return { Body: Readable.from(rows()), ContentRange: 'bytes 0-3/4' }
  })
  const lake = newLake()
  const keys = Array.from({ length: 120 }, (_, i) => `a/${String(i).padStart(4, '0')}`)
  const fetched = await Promise.allSettled(keys.map(key => lake.fetch(key)))
  expect(keys.filter((_, i) => fetched[i]!.status === 'rejected')).toEqual([lost])
  expect(most).toBeLessThanOrEqual(16)
})

test('a copy is named as its key, since what a file holds is told by its end', async () => {
  s3.on(GetObjectCommand).callsFake(() => ({ Body: body('airport,dollars'), ContentRange: 'bytes 0-14/15' }))
  expect(await newLake().fetch('inbox/fees.csv')).toMatch(/\/fees\.csv$/)
})

test('asked for by many at once, an object is downloaded once', async () => {
  s3.on(GetObjectCommand).callsFake(() => ({ Body: body('rows'), ContentRange: 'bytes 0-3/4' }))
  const lake = newLake()
  const paths = await Promise.all([lake.fetch('a/b'), lake.fetch('a/b'), lake.fetch('a/b')])
  expect(new Set(paths).size).toBe(1)
  await lake.fetch('a/b')
  expect(s3.commandCalls(GetObjectCommand)).toHaveLength(1)
})

test('a key over a local copy is downloaded anew', async () => {
  s3.on(GetObjectCommand).callsFake(() => ({ Body: body('new'), ContentRange: 'bytes 0-2/3' }))
  const lake = newLake()
  await lake.putFile('a/b', await part(lake, 'old'))
  await lake.put('a/b', 'new')
  expect(await readFile(await lake.fetch('a/b'), 'utf8')).toBe('new')
})

test('what is absent is undefined; what may not be read is not', async () => {
  s3.on(GetObjectCommand).rejects(sdkError('NoSuchKey', '', 404))
  s3.on(HeadObjectCommand).rejects(sdkError('NotFound', '', 404))
  const lake = newLake()
  expect(await lake.get('a/b')).toBeUndefined()
  expect(await lake.size('a/b')).toBeUndefined()
  await expect(lake.fetch('a/b')).rejects.toMatchObject({
    code: 'LAKE_FAILED',
    message: expect.stringContaining('there is no arn:aws:s3:::lake/a/b'),
  })
  s3.on(HeadObjectCommand).rejects(sdkError('403', 'UnknownError', 403))
  await expect(lake.size('a/b')).rejects.toMatchObject({ code: 'NOT_DEPLOYED' })
})

test('a listing goes from page to page', async () => {
  const file = (Key: string) => ({ Key, Size: 1, LastModified: new Date(5) })
  s3.on(ListObjectsV2Command)
    .resolvesOnce({ Contents: [file('a/1')], IsTruncated: true, NextContinuationToken: 't' })
    .resolves({ Contents: [file('a/2')] })
  expect(await Array.fromAsync(newLake().list('a/'))).toEqual([
    { key: 'a/1', bytes: 1, modifiedMs: 5 },
    { key: 'a/2', bytes: 1, modifiedMs: 5 },
  ])
  expect(s3.commandCalls(ListObjectsV2Command).map(c => c.args[0].input)).toMatchObject([
    { Bucket: 'lake', Prefix: 'a/' },
    { Prefix: 'a/', ContinuationToken: 't' },
  ])
})

test('keys are removed by the thousand, and one that stays is named', async () => {
  s3.on(DeleteObjectsCommand).resolves({})
  const keys = Array.from({ length: 2100 }, (_, i) => `a/${i}`)
  await newLake().remove(keys)
  const removed = s3.commandCalls(DeleteObjectsCommand).map(c => c.args[0].input.Delete!)
  expect(removed.map(r => r.Objects!.length)).toEqual([1000, 1000, 100])
  expect(removed[0]!.Quiet).toBe(true)
  s3.on(DeleteObjectsCommand).resolves({ Errors: [{ Key: 'a/7', Code: 'AccessDenied', Message: 'Access Denied' }] })
  await expect(newLake().remove(['a/7', 'a/8'])).rejects.toMatchObject({
    code: 'NOT_DEPLOYED',
    message: expect.stringContaining('s3:DeleteObject on arn:aws:s3:::lake/a/7'),
  })
})

test('no keys are no request', async () => {
  await newLake().remove([])
  expect(s3.calls()).toEqual([])
})

describe.each<[action: string, resource: string, request: string, ask: (lake: ReturnType<typeof newLake>) => Promise<unknown>]>([
  ['s3:PutObject', '/a/b', 'put', lake => lake.put('a/b', 'x')],
  ['s3:PutObject', '/a/b', 'putFile', async lake => lake.putFile('a/b', await part(lake, 'rows'))],
  ['s3:GetObject', '/a/b', 'get', lake => lake.get('a/b')],
  ['s3:GetObject', '/a/b', 'fetch', lake => lake.fetch('a/b')],
  ['s3:GetObject', '/a/b', 'size', lake => lake.size('a/b')],
  ['s3:ListBucket', '', 'list', lake => Array.fromAsync(lake.list('a/'))],
  ['s3:DeleteObject', '', 'remove', lake => lake.remove(['a/b'])],
])('%s on the lake%s, by %s', (action, resource, _, ask) => {
  test.each(refusals)('%s', async (_, error, expected) => {
    s3.reset()
    s3.onAnyCommand().rejects(error)
    await expect(ask(newLake())).rejects.toMatchObject({
      code: 'LAKE_FAILED',
      ...expected,
      message: expect.stringContaining(`${action} on arn:aws:s3:::lake${resource}`),
    })
    expect(s3.calls()).toHaveLength(1)
  })
})

test.each(refusals)('a part of an upload: %s; the parts before it are cleared away', async (_, error, expected) => {
  s3.on(CreateMultipartUploadCommand).resolves({ UploadId: 'u' })
  s3.on(UploadPartCommand, { PartNumber: 1 }).resolves({ ETag: 'e' })
  s3.on(UploadPartCommand, { PartNumber: 2 }).rejects(error)
  s3.on(AbortMultipartUploadCommand).resolves({})
  const lake = newLake({ multipartBytes: 10 })
  const path = await part(lake, Buffer.alloc(33 * 1024 * 1024))
  await expect(lake.putFile('a/large', path)).rejects.toMatchObject({
    code: 'LAKE_FAILED',
    ...expected,
    message: expect.stringContaining('s3:PutObject on arn:aws:s3:::lake/a/large'),
  })
  expect(s3.commandCalls(AbortMultipartUploadCommand).map(c => c.args[0].input)).toMatchObject([{ Key: 'a/large', UploadId: 'u' }])
  expect(s3.commandCalls(CompleteMultipartUploadCommand)).toEqual([])
  expect(existsSync(path)).toBe(true)
})

test.each(['ENOSPC', 'EDQUOT'])('a full disk of the function (%s) is a matter of resources', code => {
  expect(lakeFailure(Object.assign(new Error('no space left on device'), { code }), 's3:GetObject', 'arn:aws:s3:::lake/a')).toMatchObject({
    code: 'OUT_OF_DISK',
    failure: 'resources',
  })
})

test('of all that was just written only so much is kept as copies', async () => {
  const lake = newLake({ keptBytes: 250 })
  for (let i = 0; i < 5; i++) await lake.putFile(`a/${i}`, await part(lake, Buffer.alloc(60)))
  const kept = [0, 1, 2, 3, 4].filter(i => existsSync(join(folder, 'copies', 'a', `${i}.copy`, String(i))))
  expect(kept).toEqual([0, 1, 2, 3])
  await rm(folder, { recursive: true })
  lake.emptied()
  await lake.putFile('a/5', await part(lake, 'x'))
  expect(existsSync(join(folder, 'copies', 'a', '5.copy', '5'))).toBe(true)
})
