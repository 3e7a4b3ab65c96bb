import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas'
import { mockClient } from 'aws-sdk-client-mock'
import { judge, quotasNeeded, readQuotas } from '../../../shared/aws/deploy/quotas.ts'
import { sdkError } from '../sdk.ts'
import { demo, settings } from './tasks.ts'

const needed = quotasNeeded(demo.graph, settings())
const client = mockClient(ServiceQuotasClient)

test('what a night of the project needs at once', () => {
  expect(needed.map(n => [n.service, n.needs])).toEqual([
    ['lambda', 39],
    ['events', 21],
    ['emr-serverless', 16],
  ])
})

test('a new account has too little of one, enough of another, and one that may not be asked is not known', async () => {
  client.on(GetServiceQuotaCommand, { ServiceCode: 'lambda', QuotaCode: 'L-B99A9384' }).resolves({ Quota: { Value: 10 } })
  client
    .on(GetServiceQuotaCommand, { ServiceCode: 'events', QuotaCode: 'L-244521F2' })
    .rejects(sdkError('AccessDeniedException', 'no', 403))
  client.on(GetServiceQuotaCommand, { ServiceCode: 'emr-serverless', QuotaCode: 'L-D05C8A75' }).resolves({ Quota: { Value: 16 } })
  const judged = judge(needed, await readQuotas(needed, 'eu-west-1', new ServiceQuotasClient({})))
  expect(judged.map(j => j.verdict)).toEqual(['short', 'unknown', 'ok'])
  expect(judged[0]!.remedy).toContain('request-service-quota-increase --service-code lambda --quota-code L-B99A9384 --desired-value 78')
  expect(judged[1]!.remedy).toContain('servicequotas:GetServiceQuota')
})
