import { CloudFormationClient, CreateStackCommand, DescribeStackEventsCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation'
import { platformStack } from '../../shared/aws/deploy/platform/platform.ts'
import { checkedSettings } from '../../shared/aws/deploy/stage-settings.ts'
import { type Emulator, startEmulator } from '../aws/emulator.ts'
import { refused, removeRefused, type Template } from './refused.ts'
import { until } from './until.ts'

// With everything that a stage can have.
const { resources } = platformStack(checkedSettings('full', { network: true, audit: true, customerKey: true, email: 'night@example.com' }))
const template = { Resources: resources } as unknown as Template

let emulator: Emulator
let client: CloudFormationClient
beforeAll(async () => {
  emulator = await startEmulator({ auth: false })
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  client = new CloudFormationClient({ endpoint: emulator.endpoint, region: emulator.env.AWS_REGION!, credentials })
})
afterAll(async () => {
  client.destroy()
  await emulator.stop()
})

/** What the emulator says against a template; nothing when it takes it. */
async function objection(StackName: string, body: object): Promise<string | undefined> {
  try {
    await client.send(new CreateStackCommand({ StackName, TemplateBody: JSON.stringify(body) }))
  } catch (error) {
    return (error as Error).message
  }
  let status = ''
  await until(`the stack ${StackName}`, async () => {
    const { Stacks } = await client.send(new DescribeStacksCommand({ StackName }))
    status = Stacks![0]!.StackStatus!
    return status.endsWith('IN_PROGRESS') ? status : undefined
  })
  if (status === 'CREATE_COMPLETE') return undefined
  const { StackEvents = [] } = await client.send(new DescribeStackEventsCommand({ StackName }))
  return StackEvents.map(e => e.ResourceStatusReason).find(Boolean) ?? status
}

/** One resource and what it refers to is named, so that only its type can be at fault. */
function alone(type: string) {
  const [id, resource] = Object.entries(template.Resources).find(([, r]) => r.Type === type)!
  const others = Object.keys(template.Resources).filter(other => other !== id)
  const named = JSON.parse(JSON.stringify(resource), (_, value: unknown) => {
    const { Ref, 'Fn::GetAtt': att } = (value ?? {}) as { Ref?: string; 'Fn::GetAtt'?: string[] }
    return others.includes(Ref ?? '') || others.includes(att?.[0] ?? '') ? 'arn:aws:events:eu-west-1:000000000000:event-bus/default' : value
  }) as Template['Resources'][string]
  delete named.DependsOn
  return { Resources: { [id]: named } }
}

test.each(refused)('some template of ours holds %s', type => {
  if (!Object.values(template.Resources).some(resource => resource.Type === type))
    throw new Error(`no template holds ${type} any more: take it out of the list in refused.ts`)
})

test.each(refused)('the emulator still refuses %s', async type => {
  const said = await objection(`refused-${refused.indexOf(type)}`, alone(type))
  if (said === undefined) throw new Error(`the emulator takes ${type} by now: take it out of the list in refused.ts`)
  expect(said).toMatch(/Unrecognized resource types|not supported|unsupported/i)
})

test('what is left refers to nothing that is gone', () => {
  const { Resources } = removeRefused(template)
  const gone = Object.keys(resources).filter(id => !(id in Resources))
  const text = JSON.stringify(Resources)
  for (const id of gone) {
    expect(text).not.toContain(`{"Ref":"${id}"}`)
    expect(text).not.toContain(`"Fn::GetAtt":["${id}"`)
    expect(text).not.toMatch(new RegExp(`"DependsOn":("${id}"|\\[[^\\]]*"${id}")`))
  }
})
