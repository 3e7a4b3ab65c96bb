import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm'
import { mockClient } from 'aws-sdk-client-mock'
import { absentSettings, stageRegion } from '../../../shared/aws/move/stage-region.ts'
import { refusals, sdkError } from '../sdk.ts'

const ssm = mockClient(SSMClient)
const secrets = mockClient(SecretsManagerClient)
const absent = (...names: string[]) => absentSettings('dev', names, new SSMClient({}), new SecretsManagerClient({}))
beforeEach(() => {
  ssm.reset()
  secrets.reset()
  secrets.on(DescribeSecretCommand).rejects(sdkError('ResourceNotFoundException'))
})

test('a setting is a parameter or a secret; ten parameters are asked for at once, and no value is read', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `SETTING_${i}`)
  ssm.on(GetParametersCommand).resolves({ InvalidParameters: ['/redeye/dev/secrets/SETTING_3', '/redeye/dev/secrets/SETTING_11'] })
  secrets.on(DescribeSecretCommand, { SecretId: 'redeye/dev/SETTING_11' }).resolves({})
  expect(await absent(...names)).toEqual(['SETTING_3'])
  const asked = ssm.commandCalls(GetParametersCommand).map(call => call.args[0].input)
  expect(asked.map(a => a.Names!.length)).toEqual([10, 2])
  expect(asked.some(a => a.WithDecryption)).toBe(false)
})

test.each(refusals)('%s', async (_, error, expected) => {
  ssm.on(GetParametersCommand).rejects(error)
  await expect(absent('WAREHOUSE')).rejects.toMatchObject(expected)
  ssm.on(GetParametersCommand).resolves({ InvalidParameters: ['/redeye/dev/secrets/WAREHOUSE'] })
  secrets.on(DescribeSecretCommand).rejects(error)
  await expect(absent('WAREHOUSE')).rejects.toMatchObject(expected)
})

test('a region without the stage says so', async () => {
  ssm.on(GetParametersCommand).resolves({ InvalidParameters: ['/redeye/dev/table'] })
  await expect(stageRegion({ stage: 'dev', region: 'eu-central-1', settings: [], sleep: async () => {} })).rejects.toMatchObject({
    code: 'NOT_DEPLOYED',
    message: expect.stringContaining('there is no stage dev in eu-central-1'),
  })
})
