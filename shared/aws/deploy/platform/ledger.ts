import { ledgerTable } from '../../dynamodb-table.ts'
import { names } from '../names.ts'
import type { StageSettings } from '../stage-settings.ts'
import { att, type Resources, type Value } from '../template.ts'
import { kept } from './kept.ts'

/** The ledger's table: streamed, restorable to any second of the last 35 days, and not deleted by mistake. */
export function ledger(settings: StageSettings): Resources {
  return {
    Table: kept(settings, {
      Type: 'AWS::DynamoDB::Table',
      Properties: {
        TableName: names.table(settings.stage),
        ...(ledgerTable as unknown as { [key: string]: Value }),
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: settings.protect,
        // AWS's own key for DynamoDB costs a request to KMS now and then; the default one nothing. Both encrypt.
        ...(settings.customerKey && { SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: att('Key', 'Arn') } }),
      },
    }),
  }
}
