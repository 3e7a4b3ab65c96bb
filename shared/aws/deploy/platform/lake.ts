import type { StageSettings } from '../stage-settings.ts'
import { att, bucketArn, type Resources, ref, sub, type Value } from '../template.ts'
import { kept } from './kept.ts'

// As long as the sweep looks back: what was deleted by mistake is noticed in that time, and paid for no longer.
const UNDO_DAYS = 14
const UPLOAD_DAYS = 7

/**
 * The lake's bucket. Nothing in it is public, nothing is read or written without TLS, and a delete only hides: what the collector removed can
 * be brought back for two weeks. Whatever is current stays until the collector says otherwise.
 */
export function lake(settings: StageSettings): Resources {
  return {
    Bucket: kept(settings, {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketName: sub(`redeye-${settings.stage}-lake-\${AWS::AccountId}-\${AWS::Region}`),
        PublicAccessBlockConfiguration: noPublicAccess,
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: { ServerSideEncryptionConfiguration: [encryption(settings)] },
        LifecycleConfiguration: {
          Rules: [
            { Id: 'abort-uploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: UPLOAD_DAYS } },
            { Id: 'forget-what-the-collector-removed', Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: UNDO_DAYS } },
          ],
        },
      },
    }),
    BucketPolicy: { Type: 'AWS::S3::BucketPolicy', Properties: { Bucket: ref('Bucket'), PolicyDocument: onlyByTls('Bucket') } },
  }
}

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
