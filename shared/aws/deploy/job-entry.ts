import { readFile } from 'node:fs/promises'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { SSMClient } from '@aws-sdk/client-ssm'
import { awsFailure, sdkOptions } from '../sdk.ts'
import { JOB_ENTRY } from '../spark.ts'
import { platformValuesOf } from '../stage.ts'

const ENTRY = new URL('../../spark/job.py', import.meta.url)

/** Puts the entry point of every Spark job into a stage's lake. */
export async function putJobEntry(stage: string, region: string): Promise<void> {
  const options = { ...sdkOptions, region }
  const { bucket } = await platformValuesOf(stage, ['bucket'], new SSMClient(options))
  try {
    await new S3Client(options).send(new PutObjectCommand({ Bucket: bucket, Key: JOB_ENTRY, Body: await readFile(ENTRY) }))
  } catch (cause) {
    throw awsFailure(cause, { action: 's3:PutObject', resource: `${bucket}/${JOB_ENTRY}` })
  }
}
