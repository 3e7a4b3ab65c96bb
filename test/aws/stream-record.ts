import { marshall } from '@aws-sdk/util-dynamodb'
import { itemKey } from '../../shared/aws/dynamodb-table.ts'
import type { StreamRecord } from '../../shared/aws/stream.ts'
import type { Key } from '../../shared/ports/ledger.ts'

/** A record as a table's stream gives it to Lambda: every field there is, in its shape. */
export interface WholeRecord extends StreamRecord {
  eventVersion: string
  eventSource: string
  awsRegion: string
  eventSourceARN: string
  dynamodb: StreamRecord['dynamodb'] & {
    ApproximateCreationDateTime: number
    SequenceNumber: string
    SizeBytes: number
    StreamViewType: string
  }
}

/** The record of a write to the ledger; without `after`, of an item's removal. */
export function streamRecord(
  key: Key,
  before: object | undefined,
  after: object | undefined,
  sequence: number,
  at = 1_804_500_000,
): WholeRecord {
  const keys = marshall(itemKey(key))
  const image = (doc: object, rev: number) =>
    marshall({ ...itemKey(key), rev, doc, by: 'AbCd_-12', ix: key.pk, at: '1804500000000' }, { removeUndefinedValues: true })
  return {
    eventID: `c4ca4238a0b923820dcc509a6f7584${sequence}`,
    eventName: before === undefined ? 'INSERT' : after === undefined ? 'REMOVE' : 'MODIFY',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'eu-west-1',
    dynamodb: {
      ApproximateCreationDateTime: at,
      Keys: keys,
      ...(after && { NewImage: image(after, 2) }),
      ...(before && { OldImage: image(before, 1) }),
      SequenceNumber: String(sequence).padStart(21, '0'),
      SizeBytes: 812,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
    eventSourceARN: 'arn:aws:dynamodb:eu-west-1:123456789012:table/redeye-dev/stream/2026-03-09T06:00:00.000',
  }
}
