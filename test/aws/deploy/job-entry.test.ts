import { readFileSync } from 'node:fs'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm'
import { mockClient } from 'aws-sdk-client-mock'
import { putJobEntry } from '../../../shared/aws/deploy/job-entry.ts'

const ssm = mockClient(SSMClient)
const s3 = mockClient(S3Client)
beforeEach(() => {
  ssm.reset()
  s3.reset()
  ssm.on(GetParametersCommand).resolves({ Parameters: [{ Name: '/redeye/dev/bucket', Value: 'lake' }] })
})

test('the entry point of jobs is put into the stage’s lake, as it is', async () => {
  s3.on(PutObjectCommand).resolves({})
  await putJobEntry('dev', 'eu-west-1')
  const [call] = s3.commandCalls(PutObjectCommand)
  expect(call!.args[0].input).toMatchObject({ Bucket: 'lake', Key: '_redeye/job.py' })
  expect(call!.args[0].input.Body).toEqual(readFileSync(new URL('../../../shared/spark/job.py', import.meta.url)))
})

test('who may not is told what is missing', async () => {
  s3.on(PutObjectCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }))
  await expect(putJobEntry('dev', 'eu-west-1')).rejects.toMatchObject({ message: expect.stringContaining('s3:PutObject') })
})
