/** What the emulator refuses whole templates for, as measured on its version (see test/aws/emulator.ts). */
export const refused = [
  'AWS::Events::Archive',
  'AWS::EMRServerless::Application',
  'AWS::EC2::EIP',
  'AWS::EC2::NatGateway',
  'AWS::EC2::SecurityGroupIngress',
  'AWS::EC2::FlowLog',
  'AWS::CloudTrail::Trail',
  'AWS::XRay::SamplingRule',
] as const

interface Resource {
  Type: string
  DependsOn?: string | string[]
  Properties?: Record<string, unknown>
}
type Template = { Resources: Record<string, Resource> }

/** It speaks no TLS, and heeds policies: one that refuses whoever does not is left out. */
const needsTls = ({ Type, Properties }: Resource) =>
  Type === 'AWS::S3::BucketPolicy' && JSON.stringify(Properties).includes('aws:SecureTransport')

/** A template without what the emulator refuses; whoever referred to it is told `none`. */
export function emulated<T extends Template>(template: T): T {
  const gone = new Set(Object.entries(template.Resources).flatMap(([id, resource]) => (isLeftOut(resource) ? [id] : [])))
  const kept = Object.entries(template.Resources).filter(([id]) => !gone.has(id))
  const Resources = Object.fromEntries(
    kept.map(([id, { DependsOn, ...resource }]) => {
      const left = [DependsOn ?? []].flat().filter(on => !gone.has(on))
      return [id, { ...(withoutReferences(resource, gone) as Resource), ...(left.length > 0 && { DependsOn: left }) }]
    }),
  )
  return { ...template, Resources }
}

const isLeftOut = (resource: Resource) => (refused as readonly string[]).includes(resource.Type) || needsTls(resource)

function withoutReferences(value: unknown, gone: ReadonlySet<string>): unknown {
  if (Array.isArray(value)) return value.map(one => withoutReferences(one, gone))
  if (typeof value !== 'object' || value === null) return value
  const { Ref, 'Fn::GetAtt': att } = value as { Ref?: string; 'Fn::GetAtt'?: string[] }
  if ((Ref && gone.has(Ref)) || (att && gone.has(att[0]!))) return 'none'
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, withoutReferences(one, gone)]))
}
