import { names, type PlatformValue } from './names.ts'

/** A value of a template: a text, or an intrinsic function. */
export type Value = string | number | boolean | { [key: string]: Value } | readonly Value[]
export interface Resource {
  Type: string
  Properties?: { [key: string]: Value }
  DependsOn?: string | string[]
  DeletionPolicy?: string
  UpdateReplacePolicy?: string
  Condition?: string
  Metadata?: { [key: string]: Value }
}
export type Resources = Record<string, Resource>
export interface Parameter {
  Type: string
  Default: string
  Description: string
}

/** One permission. Every statement has a name, so that a test and an audit can speak of it. */
export interface Statement {
  Sid: string
  Effect: 'Allow'
  Action: string[]
  Resource: Value
  Condition?: { [operator: string]: { [key: string]: Value } }
}

export function allow(Sid: string, Action: string[], Resource: Value, Condition?: Statement['Condition']): Statement {
  return { Sid, Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) }
}

/**
 * May publish Redeye's events of these types. Both conditions are on lists of texts; ForAllValues lets through what has none, which
 * EventBridge does not take.
 */
export const publish = (Sid: string, bus: Value, types: readonly string[]): Statement =>
  allow(Sid, ['events:PutEvents'], bus, { 'ForAllValues:StringEquals': { 'events:source': ['redeye'], 'events:detail-type': types } })

export const ref = (name: string) => ({ Ref: name })
export const att = (name: string, attribute: string) => ({ 'Fn::GetAtt': [name, attribute] })
export const sub = (text: string) => ({ 'Fn::Sub': text })

/** An ARN in this account and region: `arn('sqs', 'queue')`. Names in `${}` are the template's. */
export const arn = (service: string, resource: string) =>
  sub(`arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`)
/** An ARN of IAM, which has no region. */
export const iamArn = (resource: string) => sub(`arn:\${AWS::Partition}:iam::\${AWS::AccountId}:${resource}`)
/** An ARN of S3, which has neither region nor account; the bucket is what a name of the template refers to. */
export const bucketArn = (bucket: string, path = '') => sub(`arn:\${AWS::Partition}:s3:::\${${bucket}}${path}`)

/** The template parameter that holds a platform value: `DeadLettersUrl`. */
export const parameterName = (value: PlatformValue) => value.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** Parameters that CloudFormation fills from SSM at each deployment: a stack that exports nothing can change what it has. */
export function platformParameters(stage: string, values: readonly PlatformValue[]): Record<string, Parameter> {
  return Object.fromEntries(
    values.map(value => [
      parameterName(value),
      {
        Type: value === 'subnets' ? 'AWS::SSM::Parameter::Value<List<AWS::EC2::Subnet::Id>>' : 'AWS::SSM::Parameter::Value<String>',
        Default: names.parameter(stage, value),
        Description: `Where the platform of ${stage} says its ${value.replaceAll('-', ' ')}`,
      },
    ]),
  )
}

/** Who may take a role. */
export const trusts = (...services: string[]): { [key: string]: Value } => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: services.map(s => `${s}.amazonaws.com`) }, Action: 'sts:AssumeRole' }],
})

/** A role with one policy of its own. */
export function role(name: string, trust: { [key: string]: Value }, statements: readonly Statement[]): Resource {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: name,
      AssumeRolePolicyDocument: trust,
      Policies: [{ PolicyName: 'own', PolicyDocument: { Version: '2012-10-17', Statement: statements as unknown as Value } }],
    },
  }
}
