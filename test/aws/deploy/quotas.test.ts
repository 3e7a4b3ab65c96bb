import { GetAWSDefaultServiceQuotaCommand, GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import { mockClient } from 'aws-sdk-client-mock'
import { judge, quotasNeeded, readQuotas } from '../../../shared/aws/deploy/quotas.ts'
import { taskContract } from '../../../shared/task/contract.ts'
import { sdkError } from '../sdk.ts'
import { settings, taskOf } from './tasks.ts'

const tasks = ['flown-flights', 'route-punctuality', 'load-routes'].map(name => taskContract(taskOf(name), 0))
const needed = quotasNeeded({ tasks }, settings())
const client = mockClient(ServiceQuotasClient)

test('what a night of the project needs at once', () => {
  expect(needed.map(n => [n.service, n.needs])).toEqual([
    ['lambda', 11],
    ['events', 7],
    ['emr-serverless', 16],
  ])
})

const lambda = { ServiceCode: 'lambda', QuotaCode: 'L-B99A9384' }
const events = { ServiceCode: 'events', QuotaCode: 'L-244521F2' }
const spark = { ServiceCode: 'emr-serverless', QuotaCode: 'L-D05C8A75' }
const judged = async () => judge(needed, await readQuotas(needed, 'eu-west-1', new ServiceQuotasClient({})))
beforeEach(() => {
  client.reset()
  client.on(GetServiceQuotaCommand).resolves({ Quota: { Value: 1000 } })
})

test('a new account has too little of one, enough of another, and one that may not be asked is not known', async () => {
  client.on(GetServiceQuotaCommand, lambda).resolves({ Quota: { Value: 10 } })
  client.on(GetServiceQuotaCommand, events).rejects(sdkError('AccessDeniedException', 'no', 400))
  client.on(GetServiceQuotaCommand, spark).resolves({ Quota: { Value: 16 } })
  const found = await judged()
  expect(found.map(j => j.verdict)).toEqual(['short', 'unknown', 'ok'])
  expect(found[0]!.remedy).toContain('request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 22')
  expect(found[1]!.remedy).toContain('allow servicequotas:GetServiceQuota, or look yourself; it must be 7 at least')
})

test('where the account has no value of its own, AWS’s counts; where there is none at all, that is said', async () => {
  client.on(GetServiceQuotaCommand).rejects(sdkError('NoSuchResourceException'))
  client.on(GetAWSDefaultServiceQuotaCommand, lambda).resolves({ Quota: { Value: 1000 } })
  client.on(GetAWSDefaultServiceQuotaCommand, events).rejects(sdkError('AccessDeniedException'))
  client.on(GetAWSDefaultServiceQuotaCommand, spark).rejects(sdkError('NoSuchResourceException'))
  const found = await judged()
  expect(found.map(j => [j.value, j.verdict])).toEqual([
    [1000, 'ok'],
    [undefined, 'unknown'],
    [undefined, 'unknown'],
  ])
  expect(found[1]!.remedy).toContain('allow servicequotas:GetAWSDefaultServiceQuota')
  expect(found[2]!.remedy).toContain('AWS tells no quota L-D05C8A75 of emr-serverless here')
})

test('an AWS that cannot be asked is an error, not an answer', async () => {
  client.on(GetServiceQuotaCommand).rejects(sdkError('CredentialsProviderError', 'Could not load credentials'))
  await expect(judged()).rejects.toMatchObject({ message: expect.stringContaining('no credentials that AWS accepts') })
})
