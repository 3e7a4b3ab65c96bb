import { names, type PlatformValue } from '../names.ts'
import type { StageSettings } from '../stage-settings.ts'
import { att, type Resource, type Resources, ref, type Value } from '../template.ts'

/** What the platform tells services, as SSM parameters: a stack that exports a value could not change it while anyone imports it. */
export function values({ stage, network, customerKey }: StageSettings): Resources {
  const told: Partial<Record<PlatformValue, Value>> = {
    bus: ref('Bus'),
    table: ref('Table'),
    bucket: ref('Bucket'),
    'dead-letters-url': ref('DeadLetters'),
    'dead-letters-arn': att('DeadLetters', 'Arn'),
    topic: ref('Topic'),
    'schedule-group': ref('ScheduleGroup'),
    'schedule-role': att('TimerRole', 'Arn'),
    'deployment-bucket': ref('ServerlessDeploymentBucket'),
    'spark-nightly': ref('SparkNightly'),
    'spark-backfill': ref('SparkBackfill'),
    ...(network && {
      subnets: { 'Fn::Join': [',', [ref('PrivateSubnetA'), ref('PrivateSubnetB')]] },
      'security-group': ref('SecurityGroup'),
    }),
    ...(customerKey && { key: att('Key', 'Arn') }),
  }
  const all: Resources = {}
  for (const [name, value] of Object.entries(told)) all[idOf(name)] = parameter(names.parameter(stage, name as PlatformValue), name, value)
  return all
}

const idOf = (name: string) => `Value${name.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`

const parameter = (name: string, what: string, value: Value): Resource => ({
  Type: 'AWS::SSM::Parameter',
  Properties: {
    Name: name,
    Type: what === 'subnets' ? 'StringList' : 'String',
    Value: value,
    Description: `Redeye: ${what.replaceAll('-', ' ')}`,
  },
})
