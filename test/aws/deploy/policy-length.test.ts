import { policyLengths } from '../../../shared/aws/deploy/policy-length.ts'
import { serviceRoles } from '../../../shared/aws/deploy/service-roles.ts'
import { resolve } from './resolve.ts'
import { demo, settings } from './tasks.ts'

// The names in a test's stage are shorter, but nothing of a policy is left out or counted twice.
test.each(demo.services.map(s => s.task))('the policies of $name are measured whole', task => {
  const { DecideRole, WorkRole } = serviceRoles(task, settings({ customerKey: true }))
  const own = [DecideRole!, WorkRole!].map(role =>
    JSON.stringify(resolve((role.Properties!.Policies as { PolicyDocument: object }[])[0]!.PolicyDocument)),
  )
  const { decide, work } = policyLengths(task)
  for (const [i, length] of [decide, work].entries()) {
    expect(length).toBeGreaterThan(own[i]!.length)
    // Some ten ARNs with names of at most fifty characters more.
    expect(length).toBeLessThan(own[i]!.length * 1.6)
  }
})
