import { runSimulation } from '@cloud-copilot/iam-simulate'
import { key } from '../../../shared/aws/deploy/platform/messages.ts'
import type { Statement } from '../../../shared/aws/deploy/template.ts'
import { resolve } from './resolve.ts'
import { settings } from './tasks.ts'

/** A request as IAM judges it. */
export interface Asked {
  action: string
  resource: string
  context?: Record<string, string | string[]>
}

const account = '123456789012'
const keyPolicy = resolve(key(settings({ customerKey: true })).Key!.Properties!.KeyPolicy)

/** Whether a role with these statements may do that, by a simulator of IAM; throws for a policy or a request that AWS would not take. */
export async function may(statements: readonly Statement[], { action, resource, context = {} }: Asked): Promise<boolean> {
  const simulated = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${account}:assumed-role/role/function`,
        action,
        resource: { resource, accountId: account },
        contextVariables: context,
      },
      identityPolicies: [{ name: 'own', policy: { Version: '2012-10-17', Statement: resolve(statements) } }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      // A key heeds no role unless its own policy says that it does.
      ...(action.startsWith('kms:') && { resourcePolicy: keyPolicy }),
    },
    {},
  )
  if (simulated.resultType === 'error') throw new Error(`${action}: ${JSON.stringify(simulated.errors)}`)
  return simulated.overallResult === 'Allowed'
}
