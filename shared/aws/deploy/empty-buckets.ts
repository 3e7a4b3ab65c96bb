import { DeleteObjectsCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3'
import { RedeyeError } from '../../core/errors.ts'
import { awsFailure, errorName, sdkOptions } from '../sdk.ts'
import { names } from './names.ts'
import { isProtected } from './table-protection.ts'

/**
 * Deletes every version of everything in an unprotected stage's lake and audit log, in one region: CloudFormation deletes no bucket that
 * holds anything. Resolves with what people should know. Rejects with BAD_ARGUMENT where the stage as it is deployed is protected, whatever
 * the settings say by now: then the stack leaves its buckets behind, and they must not be empty.
 */
export async function emptyBuckets(
  stage: string,
  account: string,
  region: string,
  s3: S3Client = new S3Client({ ...sdkOptions, region }),
): Promise<string[]> {
  if (await isProtected(names.table(stage), region))
    throw new RedeyeError('BAD_ARGUMENT', `stage ${stage} is protected as it is deployed in ${region}`, {
      remedy: `deploy it with protect: false first (npx sls deploy --stage ${stage} --param protect=false), then remove it`,
    })
  const lines: string[] = []
  // The log last: that the lake is emptied is logged too.
  for (const bucket of [names.bucket(stage, account, region), names.auditBucket(stage, account, region)]) {
    const deleted = await empty(s3, bucket)
    if (deleted > 0) lines.push(`${bucket} is emptied; versions deleted: ${deleted}`)
  }
  return lines
}

/** How many versions and delete markers were in a bucket; 0 where it is not there. A page lists a thousand, which is what one request deletes. */
async function empty(client: S3Client, Bucket: string): Promise<number> {
  for (let deleted = 0; ; ) {
    // What the last page listed is gone, so the next one is the first.
    const listed = await listVersions(client, Bucket)
    if (listed.length === 0) return deleted
    await deleteVersions(client, Bucket, listed)
    deleted += listed.length
  }
}

interface Version {
  Key: string
  VersionId: string
}

async function listVersions(client: S3Client, Bucket: string): Promise<Version[]> {
  try {
    const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
    return [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key: Key!, VersionId: VersionId! }))
  } catch (cause) {
    if (errorName(cause) === 'NoSuchBucket') return []
    throw awsFailure(cause, { action: 's3:ListBucketVersions', resource: `arn:aws:s3:::${Bucket}` })
  }
}

async function deleteVersions(client: S3Client, Bucket: string, Objects: Version[]): Promise<void> {
  const asked = { action: 's3:DeleteObjectVersion', resource: `arn:aws:s3:::${Bucket}/*` }
  const { Errors: [first] = [] } = await client
    .send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }))
    .catch(cause => {
      throw awsFailure(cause, asked)
    })
  if (first) throw awsFailure(Object.assign(new Error(`${first.Key}: ${first.Message ?? ''}`), { name: first.Code ?? 'Error' }), asked)
}
