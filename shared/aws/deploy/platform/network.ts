import { names, stageOfAccount } from '../names.ts'
import type { StageSettings } from '../stage-settings.ts'
import { allow, att, type Resource, type Resources, ref, role, sub, trusts, type Value } from '../template.ts'

const VPC = '10.20.0.0/16'
// Two private networks of 4,091 addresses: more than a function's network interfaces, which are few.
const privateBlocks = { A: '10.20.0.0/20', B: '10.20.16.0/20' } as const
const publicBlocks = { A: '10.20.240.0/24', B: '10.20.241.0/24' } as const
type Zone = keyof typeof privateBlocks
const zones: Record<Zone, number> = { A: 0, B: 1 }

// What functions and jobs inside speak to; without these each byte of it would pay the gateway, $0.045 a gigabyte.
const gateways = ['s3', 'dynamodb'] as const
const interfaces = ['events', 'lambda', 'logs', 'sns', 'sqs', 'ssm', 'secretsmanager', 'scheduler', 'emr-serverless'] as const

/** The network for tasks that reach private sources; a stage without such tasks needs none, since S3 and DynamoDB are reached without. */
export function network(settings: StageSettings): Resources {
  const { stage, network: wanted } = settings
  if (!wanted) return {}
  return {
    Vpc: tagged(stage, { Type: 'AWS::EC2::VPC', Properties: { CidrBlock: VPC, EnableDnsHostnames: true, EnableDnsSupport: true } }),
    InternetGateway: tagged(stage, { Type: 'AWS::EC2::InternetGateway', Properties: {} }),
    InternetAttachment: {
      Type: 'AWS::EC2::VPCGatewayAttachment',
      Properties: { VpcId: ref('Vpc'), InternetGatewayId: ref('InternetGateway') },
    },
    PublicRoutes: tagged(stage, { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: ref('Vpc') } }),
    PublicRoute: {
      Type: 'AWS::EC2::Route',
      DependsOn: 'InternetAttachment',
      Properties: { RouteTableId: ref('PublicRoutes'), DestinationCidrBlock: '0.0.0.0/0', GatewayId: ref('InternetGateway') },
    },
    ...subnets(stage),
    ...outward(stage),
    ...groups(stage),
    ...endpoints(),
    ...flowLog(settings),
  }
}

function subnets(stage: string): Resources {
  const all: Resources = {}
  for (const [zone, at] of Object.entries(zones) as [Zone, number][]) {
    const place = { 'Fn::Select': [at, { 'Fn::GetAZs': '' }] }
    const subnet = (block: string) =>
      tagged(stage, {
        Type: 'AWS::EC2::Subnet',
        Properties: { VpcId: ref('Vpc'), CidrBlock: block, AvailabilityZone: place, MapPublicIpOnLaunch: false },
      })
    const association = (name: string, table: string): Resource => ({
      Type: 'AWS::EC2::SubnetRouteTableAssociation',
      Properties: { SubnetId: ref(name), RouteTableId: ref(table) },
    })
    all[`PrivateSubnet${zone}`] = subnet(privateBlocks[zone])
    all[`PublicSubnet${zone}`] = subnet(publicBlocks[zone])
    all[`PrivateAssociation${zone}`] = association(`PrivateSubnet${zone}`, 'PrivateRoutes')
    all[`PublicAssociation${zone}`] = association(`PublicSubnet${zone}`, 'PublicRoutes')
  }
  return all
}

/** The way out, for sources on the internet: one gateway. If its zone fails, so do they, and are retried. */
function outward(stage: string): Resources {
  return {
    OutwardAddress: tagged(stage, { Type: 'AWS::EC2::EIP', DependsOn: 'InternetAttachment', Properties: { Domain: 'vpc' } }),
    OutwardGateway: tagged(stage, {
      Type: 'AWS::EC2::NatGateway',
      Properties: { AllocationId: att('OutwardAddress', 'AllocationId'), SubnetId: ref('PublicSubnetA') },
    }),
    PrivateRoutes: tagged(stage, { Type: 'AWS::EC2::RouteTable', Properties: { VpcId: ref('Vpc') } }),
    OutwardRoute: {
      Type: 'AWS::EC2::Route',
      Properties: { RouteTableId: ref('PrivateRoutes'), DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: ref('OutwardGateway') },
    },
  }
}

function groups(stage: string): Resources {
  return {
    SecurityGroup: tagged(stage, {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: `Redeye ${stage}: functions that reach private sources`,
        VpcId: ref('Vpc'),
        SecurityGroupEgress: [{ IpProtocol: '-1', CidrIp: '0.0.0.0/0', Description: 'Sources are anywhere' }],
      },
    }),
    EndpointGroup: tagged(stage, {
      Type: 'AWS::EC2::SecurityGroup',
      Properties: {
        GroupDescription: `Redeye ${stage}: endpoints of AWS services`,
        VpcId: ref('Vpc'),
        SecurityGroupEgress: [{ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIp: VPC, Description: 'Answers' }],
      },
    }),
    ToEndpoints: ingress('EndpointGroup', { IpProtocol: 'tcp', FromPort: 443, ToPort: 443, Description: 'Functions' }),
  }
}

const ingress = (group: string, more: { [key: string]: Value }): Resource => ({
  Type: 'AWS::EC2::SecurityGroupIngress',
  Properties: { GroupId: ref(group), SourceSecurityGroupId: ref('SecurityGroup'), ...more },
})

function endpoints(): Resources {
  const named = (service: string) => `Endpoint${service.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`
  const serviceName = (service: string) => sub(`com.amazonaws.\${AWS::Region}.${service}`)
  const all: Resources = {}
  for (const service of gateways)
    all[named(service)] = {
      Type: 'AWS::EC2::VPCEndpoint',
      Properties: {
        VpcId: ref('Vpc'),
        ServiceName: serviceName(service),
        VpcEndpointType: 'Gateway',
        RouteTableIds: [ref('PrivateRoutes')],
      },
    }
  for (const service of interfaces)
    all[named(service)] = {
      Type: 'AWS::EC2::VPCEndpoint',
      Properties: {
        VpcId: ref('Vpc'),
        ServiceName: serviceName(service),
        VpcEndpointType: 'Interface',
        PrivateDnsEnabled: true,
        SubnetIds: [ref('PrivateSubnetA'), ref('PrivateSubnetB')],
        SecurityGroupIds: [ref('EndpointGroup')],
      },
    }
  return all
}

/** Who spoke to whom. */
function flowLog(settings: StageSettings): Resources {
  const { stage, logRetentionDays } = settings
  return {
    FlowLogGroup: {
      Type: 'AWS::Logs::LogGroup',
      Properties: { LogGroupName: `/redeye/${stage}/network`, RetentionInDays: logRetentionDays },
    },
    FlowLogRole: role(names.role(stageOfAccount(settings), 'platform', 'flow-log'), trusts('vpc-flow-logs'), [
      allow('WriteLog', ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'], att('FlowLogGroup', 'Arn')),
    ]),
    FlowLog: {
      Type: 'AWS::EC2::FlowLog',
      Properties: {
        ResourceId: ref('Vpc'),
        ResourceType: 'VPC',
        TrafficType: 'ALL',
        LogDestinationType: 'cloud-watch-logs',
        LogGroupName: ref('FlowLogGroup'),
        DeliverLogsPermissionArn: att('FlowLogRole', 'Arn'),
      },
    },
  }
}

const tagged = (stage: string, resource: Resource): Resource => ({
  ...resource,
  Properties: { ...resource.Properties, Tags: [{ Key: 'Name', Value: `redeye-${stage}` }] },
})
