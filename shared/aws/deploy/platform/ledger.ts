import { ledgerTable } from '../../dynamodb-table.ts'
import { names } from '../names.ts'
import type { StageSettings } from '../stage-settings.ts'
import { arn, att, type Parameter, type Resources, ref, type Value } from '../template.ts'
import { kept } from './kept.ts'

/**
 * The ledger's table: streamed, restorable to any second of the last 35 days, and not deleted by mistake. In one region a global table is
 * billed as any other, and it is the only kind that can be given a second region later. The stack of the stage's own region holds it with all
 * its replicas; in the other region the template has a parameter of the same name.
 */
export function ledger(settings: StageSettings): Resources {
  if (!settings.site.home) return {}
  const { customerKey, protect, stage, standby, site } = settings
  const replica = (region: Value, key: Value): Value => ({
    Region: region,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    // A new table is protected once its deployment has ended well: until then it holds nothing, and would outlive a rollback.
    DeletionProtectionEnabled: protect && !site.newTable,
    ...(customerKey && { SSESpecification: { KMSMasterKeyId: key } }),
  })
  // A replica is encrypted by its own region's key, which that region's stack makes.
  const elsewhere = standby === '' || (customerKey && !site.otherKey) ? [] : [replica(standby, site.otherKey ?? '')]
  return {
    Table: kept(settings, {
      Type: 'AWS::DynamoDB::GlobalTable',
      Properties: {
        TableName: names.table(stage),
        ...(ledgerTable as unknown as { [key: string]: Value }),
        Replicas: [replica(ref('AWS::Region'), att('Key', 'Arn')), ...elsewhere],
        // AWS's own key for DynamoDB costs a request to KMS now and then; the default one nothing. Both encrypt.
        ...(customerKey && { SSESpecification: { SSEEnabled: true, SSEType: 'KMS' } }),
      },
    }),
  }
}

/** What stands for the table in the region whose stack does not hold it. */
export function ledgerParameters({ stage, site }: StageSettings): Record<string, Parameter> {
  if (site.home) return {}
  return { Table: { Type: 'String', Default: names.table(stage), Description: `The replica of the ledger of ${stage}` } }
}

/** The table's stream: each replica has its own. */
export const streamArn = ({ site }: StageSettings): Value =>
  site.home ? att('Table', 'StreamArn') : site.stream || arn('dynamodb', `table/\${Table}/stream/*`)

export const tableArn = arn('dynamodb', `table/\${Table}`)
