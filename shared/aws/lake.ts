import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { RedeyeError } from '../core/errors.ts'
import type { Lake } from '../ports/lake.ts'
import { checkedKey, checkedPrefix } from '../ports/lake-key.ts'
import { atMost } from './at-most.ts'
import { download } from './download.ts'
import { LocalCopies } from './local-copies.ts'
import { awsFailure, errorName, sdkOptions } from './sdk.ts'

// One PUT takes 5 GB, but it is repeated whole when it fails, and is held in memory for that; from here on the parts of a multipart
// upload, three requests at least where one would do, are the better price.
const MULTIPART_BYTES = 64 * 1024 * 1024
// Two of these in memory at once.
const PART_BYTES = 32 * 1024 * 1024
const PARTS_AT_ONCE = 2
// Of all downloads together; a few fill the network of a function. A client has 50 connections, the manifests that are read meanwhile
// take 32 of them, and a request that waits 3 s for its own is given up (connectionTimeout).
const RANGES_AT_ONCE = 16
// What one DeleteObjects takes.
const KEYS_A_REMOVAL = 1000

export interface BucketOptions {
  bucket: string
  /** Where scratch files and copies of what is read are kept; the folders in it may be emptied between attempts, and all are made when needed. */
  folder: string
  client?: S3Client
  /** From how many bytes on a file is uploaded in parts; 64 MB unless given. */
  multipartBytes?: number
  /** How much of what was put is kept as local copies, in bytes; 256 MB unless given. */
  keptBytes?: number
}

export interface BucketLake extends Lake {
  /** The folder was emptied: there is room for copies again. */
  emptied(): void
}

/** A client for the lake: checksums of what is sent and received are the SDK's, CRC32 both ways. */
export const lakeClient = (): S3Client => new S3Client(sdkOptions as S3ClientConfig)

/**
 * The lake in a bucket. A key appears whole or not at all, as S3 has it. What is fetched, and what was put of late, is kept as a local
 * copy until the folder is emptied: the keys of versions never change their content.
 *
 * @example
 * const lake = bucketLake({ bucket: 'redeye-dev-lake', folder: '/tmp/redeye' })
 */
export function bucketLake(options: BucketOptions): BucketLake {
  const { bucket, folder, client = lakeClient(), multipartBytes = MULTIPART_BYTES } = options
  const copies = new LocalCopies(join(folder, 'copies'), options.keptBytes)
  const inTurn = atMost(RANGES_AT_ONCE)
  const at = (key: string) => ({ Bucket: bucket, Key: key })
  const arn = (key: string) => `arn:aws:s3:::${bucket}/${key}`

  /** Runs one request on a checked key; whatever goes wrong names action and key. */
  async function on<T>(action: string, key: string, work: (key: string) => Promise<T>): Promise<T> {
    const checked = checkedKey(key)
    try {
      return await work(checked)
    } catch (cause) {
      throw lakeFailure(cause, action, arn(key))
    }
  }

  return {
    scratch(suffix) {
      mkdirSync(folder, { recursive: true })
      return join(folder, `${randomUUID()}${suffix}`)
    },
    putFile: (key, path) =>
      on('s3:PutObject', key, async () => {
        const { size } = await stat(path)
        if (size <= multipartBytes) await client.send(new PutObjectCommand({ ...at(key), Body: await readFile(path) }))
        else await uploadInParts(client, at(key), path)
        await copies.take(key, path, size)
      }),
    put: (key, bytes) =>
      on('s3:PutObject', key, async () => {
        // Of a text the SDK would not know the length before it is sent.
        const body = Buffer.from(bytes as string)
        await client.send(new PutObjectCommand({ ...at(key), Body: body, ContentLength: body.length }))
        await copies.forget(key)
      }),
    get: key =>
      on('s3:GetObject', key, () =>
        unlessAbsent(async () => (await client.send(new GetObjectCommand(at(key)))).Body!.transformToByteArray()),
      ),
    fetch: key => on('s3:GetObject', key, () => copies.of(key, path => download(client, at(key), path, inTurn))),
    size: key => on('s3:GetObject', key, () => unlessAbsent(async () => (await client.send(new HeadObjectCommand(at(key)))).ContentLength)),
    async *list(prefix) {
      const pages = paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: checkedPrefix(prefix) })
      try {
        for await (const { Contents = [] } of pages)
          for (const { Key, Size, LastModified } of Contents)
            yield { key: Key!, bytes: Size ?? 0, modifiedMs: LastModified?.getTime() ?? 0 }
      } catch (cause) {
        throw lakeFailure(cause, 's3:ListBucket', `arn:aws:s3:::${bucket}`)
      }
    },
    async remove(keys) {
      for (const key of keys) checkedKey(key)
      for (let from = 0; from < keys.length; from += KEYS_A_REMOVAL)
        await removeSome(client, bucket, keys.slice(from, from + KEYS_A_REMOVAL))
      for (const key of keys) await copies.forget(key)
    },
    emptied: () => copies.emptied(),
  }
}

/** What is too large to be sent again whole goes in parts; the uploader is loaded only then, and clears away what it could not finish. */
async function uploadInParts(client: S3Client, to: { Bucket: string; Key: string }, path: string): Promise<void> {
  const [{ Upload }, { createReadStream }] = await Promise.all([import('@aws-sdk/lib-storage'), import('node:fs')])
  await new Upload({ client, params: { ...to, Body: createReadStream(path) }, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE }).done()
}

async function removeSome(client: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  const asked = { action: 's3:DeleteObject', resource: `arn:aws:s3:::${bucket}` }
  let refused: { Key?: string; Code?: string; Message?: string }[]
  try {
    const answer = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys.map(Key => ({ Key })), Quiet: true } }),
    )
    refused = (answer.Errors ?? []).filter(e => e.Code !== 'NoSuchKey')
  } catch (cause) {
    throw lakeFailure(cause, asked.action, asked.resource)
  }
  const [first] = refused
  if (!first) return
  const cause = Object.assign(new Error(`${first.Message ?? ''} (${refused.length} of ${keys.length} keys)`), {
    name: first.Code ?? 'Error',
  })
  throw lakeFailure(cause, asked.action, `${asked.resource}/${first.Key}`)
}

async function unlessAbsent<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (['NoSuchKey', 'NotFound'].includes(errorName(error))) return undefined
    throw error
  }
}

/** A refusal as an attempt takes it: a full disk is a matter of resources, as on any lake; a key that is not there may come. */
export function lakeFailure(cause: unknown, action: string, resource: string): RedeyeError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new RedeyeError('OUT_OF_DISK', `there is no room for a copy of ${resource}: ${(cause as Error).message}`, {
      remedy: "read fewer partitions at once, or let Spark run the task: engine: 'spark' in task.ts",
      failure: 'resources',
      cause,
    })
  if (errorName(cause) === 'NoSuchKey')
    return new RedeyeError('LAKE_FAILED', `${action}: there is no ${resource}`, {
      remedy: 'see whether somebody removed it: the collector removes only what no version names',
      cause,
    })
  return awsFailure(cause, { action, resource }, 'LAKE_FAILED')
}
