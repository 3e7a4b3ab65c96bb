import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import { mockClient } from 'aws-sdk-client-mock'
import { stageSecrets } from '../../shared/aws/secrets.ts'
import { refusals, sdkError } from './sdk.ts'

const ssm = mockClient(SSMClient)
const manager = mockClient(SecretsManagerClient)
let now: number
let secret: (name: string) => Promise<string>
beforeEach(() => {
  ssm.reset()
  manager.reset()
  ssm.on(GetParameterCommand).rejects(sdkError('ParameterNotFound'))
  manager.on(GetSecretValueCommand).rejects(sdkError('ResourceNotFoundException'))
  now = 0
  secret = stageSecrets({ stage: 'dev', now: () => now })
})

test('a parameter goes first, decrypted', async () => {
  ssm
    .on(GetParameterCommand, { Name: '/redeye/dev/secrets/CREW_DESK', WithDecryption: true })
    .resolves({ Parameter: { Value: 'https://desk' } })
  expect(await secret('CREW_DESK')).toBe('https://desk')
  expect(manager.calls()).toEqual([])
})

test('else it is a secret of Secrets Manager', async () => {
  manager.on(GetSecretValueCommand, { SecretId: 'redeye/dev/CREW_DESK' }).resolves({ SecretString: 'token' })
  expect(await secret('CREW_DESK')).toBe('token')
  manager.on(GetSecretValueCommand, { SecretId: 'redeye/dev/OTHER' }).resolves({ SecretBinary: new TextEncoder().encode('bytes') })
  expect(await secret('OTHER')).toBe('bytes')
})

test('it is read once for five minutes, however many ask at once', async () => {
  ssm
    .on(GetParameterCommand)
    .resolvesOnce({ Parameter: { Value: 'old' } })
    .resolves({ Parameter: { Value: 'new' } })
  expect(await Promise.all([secret('A'), secret('A')])).toEqual(['old', 'old'])
  now = 299_999
  expect(await secret('A')).toBe('old')
  now = 300_000
  expect(await secret('A')).toBe('new')
})

test('what is nowhere names both places, and how to put it there; and is found as soon as it is', async () => {
  await expect(secret('CREW_DESK')).rejects.toMatchObject({
    code: 'BAD_CREDENTIAL',
    message: expect.stringMatching(/CREW_DESK .*\/redeye\/dev\/secrets\/CREW_DESK .*redeye\/dev\/CREW_DESK/),
    remedy: expect.stringContaining('aws ssm put-parameter --type SecureString --name /redeye/dev/secrets/CREW_DESK'),
  })
  ssm.on(GetParameterCommand).resolves({ Parameter: { Value: 'there' } })
  expect(await secret('CREW_DESK')).toBe('there')
})

test.each(refusals)('of parameters: %s', async (_, error, expected) => {
  ssm.on(GetParameterCommand).rejects(error)
  await expect(secret('A')).rejects.toMatchObject({
    code: 'AWS_FAILED',
    ...expected,
    message: expect.stringContaining('ssm:GetParameter on parameter/redeye/dev/secrets/A'),
  })
})

test.each(refusals)('of secrets: %s', async (_, error, expected) => {
  manager.on(GetSecretValueCommand).rejects(error)
  await expect(secret('A')).rejects.toMatchObject({
    code: 'AWS_FAILED',
    ...expected,
    message: expect.stringContaining('secretsmanager:GetSecretValue on secret:redeye/dev/A'),
  })
})
