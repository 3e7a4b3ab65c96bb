/** A CloudFormation template, as far as this reads it. */
export interface Template {
  Resources: Record<string, { Type: string; DependsOn?: string | string[]; [key: string]: unknown }>
  Outputs?: Record<string, unknown>
  [key: string]: unknown
}

/** What MiniStack 1.5.33 does not know; one such resource, and it refuses the template. A test says when this list has grown stale. */
export const refused: readonly string[] = [
  'AWS::Events::Archive',
  'AWS::EMRServerless::Application',
  'AWS::EC2::EIP',
  'AWS::EC2::NatGateway',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::FlowLog',
  'AWS::CloudTrail::Trail',
]

type Resource = Template['Resources'][string]

// What the emulator takes every schedule for, whatever its group: the role of who makes one must allow this too.
const JUDGED_AS = 'arn:aws:scheduler:*:*:schedule/default/*'

/**
 * The template without what the emulator refuses; what spoke of it finds its name instead. Bucket policies go too: they refuse whoever
 * comes without TLS, and the emulator speaks plain HTTP on loopback.
 * And who may make schedules of one group may make those of the group that the emulator judges by.
 */
export function removeRefused(template: Template): Template {
  const all = Object.entries(template.Resources)
  const gone = all.filter(([, resource]) => refused.includes(resource.Type)).map(([id]) => id)
  const kept = all.filter(([id, resource]) => !gone.includes(id) && resource.Type !== 'AWS::S3::BucketPolicy')
  return {
    ...(withoutReferences(template, gone) as Template),
    Resources: Object.fromEntries(kept.map(([id, resource]) => [id, widened(withoutReferences(resource, gone)) as Resource])),
  }
}

function withoutReferences(value: unknown, refused: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map(v => withoutReferences(v, refused))
  if (typeof value !== 'object' || value === null) return value
  const { Ref, 'Fn::GetAtt': att } = value as { Ref?: string; 'Fn::GetAtt'?: string[] }
  const gone = [Ref, att?.[0]].find(id => id !== undefined && refused.includes(id))
  if (gone !== undefined) return `${gone}-which-the-emulator-lacks`
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, v]) => [key, key === 'DependsOn' ? withoutDependence(v, refused) : withoutReferences(v, refused)] as const)
      .filter(([key, v]) => key !== 'DependsOn' || v !== undefined),
  )
}

function withoutDependence(on: unknown, refused: readonly string[]): unknown {
  const left = [on].flat().filter(id => !refused.includes(id as string))
  return left.length === 0 ? undefined : left
}

function widened(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: { Action?: unknown; Resource?: unknown }) =>
    [part?.Action].flat().includes('scheduler:CreateSchedule') ? { ...part, Resource: [part.Resource, JUDGED_AS].flat() } : part,
  ) as unknown
}
