import { names } from '../names.ts'
import type { StageSettings } from '../stage-settings.ts'
import { bucketArn, type Resources, ref, sub, type Value } from '../template.ts'
import { kept } from './kept.ts'
import { noPublicAccess, onlyByTls } from './lake.ts'
import { tableArn } from './ledger.ts'

const KEPT_DAYS = 365
// What expires, or what somebody deletes, is only hidden at first: a month in which that is noticed, and then it is paid for no longer.
const UNDO_DAYS = 30

/** Who read or wrote what of lake and ledger, for those who must be able to say so. */
export function audit(settings: StageSettings): Resources {
  if (!settings.audit) return {}
  const trail = `redeye-${settings.stage}`
  const trailArn = sub(`arn:\${AWS::Partition}:cloudtrail:\${AWS::Region}:\${AWS::AccountId}:trail/${trail}`)
  const byTrail = { StringEquals: { 'aws:SourceArn': trailArn } }
  const service = { Service: 'cloudtrail.amazonaws.com' }
  return {
    AuditBucket: kept(settings, {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketName: sub(names.auditBucket(settings.stage, `\${AWS::AccountId}`, `\${AWS::Region}`)),
        PublicAccessBlockConfiguration: noPublicAccess,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
        LifecycleConfiguration: {
          Rules: [
            {
              Id: 'a-year',
              Status: 'Enabled',
              ExpirationInDays: KEPT_DAYS,
              NoncurrentVersionExpiration: { NoncurrentDays: UNDO_DAYS },
            },
          ],
        },
      },
    }),
    AuditBucketPolicy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: ref('AuditBucket'),
        PolicyDocument: onlyByTls(
          'AuditBucket',
          {
            Sid: 'TrailLooks',
            Effect: 'Allow',
            Principal: service,
            Action: 's3:GetBucketAcl',
            Resource: bucketArn('AuditBucket'),
            Condition: byTrail,
          },
          {
            Sid: 'TrailWrites',
            Effect: 'Allow',
            Principal: service,
            Action: 's3:PutObject',
            Resource: bucketArn('AuditBucket', `/AWSLogs/\${AWS::AccountId}/*`),
            Condition: byTrail,
          },
        ),
      },
    },
    Trail: {
      Type: 'AWS::CloudTrail::Trail',
      DependsOn: 'AuditBucketPolicy',
      Properties: {
        TrailName: trail,
        S3BucketName: ref('AuditBucket'),
        IsLogging: true,
        EnableLogFileValidation: true,
        AdvancedEventSelectors: [
          selector('Lake', 'AWS::S3::Object', { StartsWith: [sub(`\${Bucket.Arn}/`)] }),
          // Whole: another stage's table may begin alike.
          selector('Ledger', 'AWS::DynamoDB::Table', { Equals: [tableArn] }),
        ],
      },
    },
  }
}

const selector = (name: string, type: string, arn: { [operator: string]: Value }): Value => ({
  Name: name,
  FieldSelectors: [
    { Field: 'eventCategory', Equals: ['Data'] },
    { Field: 'resources.type', Equals: [type] },
    { Field: 'resources.ARN', ...arn },
  ],
})
