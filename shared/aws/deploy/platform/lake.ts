import { names, stageOfAccount } from '../names.ts'
import type { StageSettings } from '../stage-settings.ts'
import { allow, att, bucketArn, type Resources, ref, role, type Statement, sub, trusts, type Value } from '../template.ts'
import { kept } from './kept.ts'

// As long as the sweep looks back: what was deleted by mistake is noticed in that time, and paid for no longer.
const UNDO_DAYS = 14
const UPLOAD_DAYS = 7

/**
 * The lake's bucket. Nothing in it is public, nothing is read or written without TLS, and a delete only hides: what the collector removed can
 * be brought back for two weeks. Whatever is current stays until the collector says otherwise.
 */
export function lake(settings: StageSettings): Resources {
  const { replicatesTo } = settings.site
  return {
    Bucket: kept(settings, {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketName: bucketName(settings.stage, HERE),
        PublicAccessBlockConfiguration: noPublicAccess,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: { ServerSideEncryptionConfiguration: [encryption(settings)] },
        ...(replicatesTo && { ReplicationConfiguration: replication(settings) }),
        LifecycleConfiguration: {
          Rules: [
            { Id: 'abort-uploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: UPLOAD_DAYS } },
            {
              Id: 'forget-what-the-collector-removed',
              Status: 'Enabled',
              NoncurrentVersionExpiration: { NoncurrentDays: UNDO_DAYS },
              // The mark of a deletion is left alone then, and each listing would go through all of them.
              ExpiredObjectDeleteMarker: true,
            },
          ],
        },
      },
    }),
    ...(replicatesTo && { ReplicationRole: replicationRole(settings) }),
    BucketPolicy: { Type: 'AWS::S3::BucketPolicy', Properties: { Bucket: ref('Bucket'), PolicyDocument: onlyByTls('Bucket') } },
  }
}

const HERE = `\${AWS::Region}`
const bucketName = (stage: string, region: string) => sub(names.bucket(stage, `\${AWS::AccountId}`, region))

/**
 * To the stage's other region: every object, and what the collector removed, so that both lakes forget alike. Replicas are not replicated
 * again, so each region's bucket does the same towards the other and nothing goes in circles.
 */
const replication = ({ stage, site }: StageSettings): Value => ({
  Role: att('ReplicationRole', 'Arn'),
  Rules: [
    {
      Id: 'to-the-other-region',
      Status: 'Enabled',
      Priority: 1,
      Filter: { Prefix: '' },
      DeleteMarkerReplication: { Status: 'Enabled' },
      // What a key of one's own encrypts is left out unless a rule says otherwise, and by which key it is encrypted there.
      ...(site.otherKey && { SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } } }),
      Destination: {
        Bucket: sub(`arn:\${AWS::Partition}:s3:::${bucketName(stage, site.replicatesTo)['Fn::Sub']}`),
        ...(site.otherKey && { EncryptionConfiguration: { ReplicaKmsKeyID: site.otherKey } }),
      },
    },
  ],
})

/** Who replicates. Both buckets are known by name, since a bucket must not wait for a role that waits for it. */
function replicationRole(settings: StageSettings): Resources[string] {
  const { stage, site } = settings
  const arnOf = (region: string, path = '') => sub(`arn:\${AWS::Partition}:s3:::${bucketName(stage, region)['Fn::Sub']}${path}`)
  return role(names.role(stageOfAccount(settings), 'platform', 'replication'), trusts('s3'), [
    allow('ReadOwnBucket', ['s3:GetReplicationConfiguration', 's3:ListBucket'], arnOf(HERE)),
    allow(
      'ReadOwnObjects',
      ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
      arnOf(HERE, '/*'),
    ),
    allow('WriteReplicas', ['s3:ReplicateObject', 's3:ReplicateDelete', 's3:ReplicateTags'], arnOf(site.replicatesTo, '/*')),
    ...(site.otherKey ? encryptAnew(site.otherKey, site.replicatesTo) : []),
  ])
}

/** From the own region's key to the other's, by way of S3 and no other. */
const encryptAnew = (otherKey: string, otherRegion: string): Statement[] => [
  allow('DecryptOwn', ['kms:Decrypt'], att('Key', 'Arn'), { StringEquals: { 'kms:ViaService': sub(`s3.${HERE}.amazonaws.com`) } }),
  allow('EncryptReplicas', ['kms:Encrypt', 'kms:GenerateDataKey'], otherKey, {
    StringEquals: { 'kms:ViaService': `s3.${otherRegion}.amazonaws.com` },
  }),
]

export const noPublicAccess = { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true }

/** S3's own key, or one's own with few calls to KMS: one for many objects. */
const encryption = ({ customerKey }: StageSettings): Value =>
  customerKey
    ? { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: att('Key', 'Arn') }, BucketKeyEnabled: true }
    : { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }

/** A bucket's policy that refuses whoever does not use TLS; with further statements. */
export function onlyByTls(bucket: string, ...more: readonly Value[]): { [key: string]: Value } {
  const refused = {
    Sid: 'OnlyByTls',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [bucketArn(bucket), bucketArn(bucket, '/*')],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  }
  return { Version: '2012-10-17', Statement: [refused, ...more] }
}
