import type { Key } from '../ports/ledger.ts'

/**
 * The ledger's table, as CreateTable and CloudFormation take it. `pk` and `sk` are the document's place (see `itemKey`), `ix` and `at`
 * its place in the index, there only for what the index lists. The rest of an item: `rev` (a number), `doc` (a map) and `by` (who wrote it).
 */
export const ledgerTable = {
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'ix', AttributeType: 'S' },
    { AttributeName: 'at', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'recent',
      KeySchema: [
        { AttributeName: 'ix', KeyType: 'HASH' },
        { AttributeName: 'at', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
} as const

/** The one index. */
export const RECENT = ledgerTable.GlobalSecondaryIndexes[0].IndexName

/** All that the ledger asks of DynamoDB: single items, and ranges within one partition key. The key conditions for a role are `dynamodb:LeadingKeys`. */
export const ledgerActions = {
  read: ['dynamodb:GetItem', 'dynamodb:Query'],
  write: ['dynamodb:UpdateItem'],
} as const

// Documents that many write and that a role may be given one by one have a partition key each; what lists them all is the index.
const EACH_ITS_OWN = ['limit', 'request', 'pause']
// A sort key must not be empty, and there is only the one.
const ALONE = '-'

/** The primary key of a document's item. A limit, a request and a switch have a partition key of their own. */
export function itemKey({ pk, sk }: Key): Key {
  return EACH_ITS_OWN.includes(pk) ? { pk: `${pk}/${sk}`, sk: ALONE } : { pk, sk }
}

/** The document's place, of an item's primary key. */
export function documentKey({ pk, sk }: Key): Key {
  const slash = pk.indexOf('/')
  const kind = pk.slice(0, slash)
  return sk === ALONE && EACH_ITS_OWN.includes(kind) ? { pk: kind, sk: pk.slice(slash + 1) } : { pk, sk }
}

/** Whether a port's partition key is spread over many of the table's, so that the index lists its documents. */
export function isListed(pk: string): boolean {
  return EACH_ITS_OWN.includes(pk)
}
