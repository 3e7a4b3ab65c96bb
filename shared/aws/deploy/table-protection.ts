import { DescribeTableCommand, DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { awsFailure, errorName, sdkOptions } from '../sdk.ts'

const clientIn = (region: string) => new DynamoDBClient({ ...sdkOptions, region })

/** Whether a region's table is protected from being deleted; undefined where there is no such table. */
export async function isProtected(
  TableName: string,
  region: string,
  client: DynamoDBClient = clientIn(region),
): Promise<boolean | undefined> {
  try {
    return (await client.send(new DescribeTableCommand({ TableName }))).Table?.DeletionProtectionEnabled ?? false
  } catch (cause) {
    if (errorName(cause) === 'ResourceNotFoundException') return undefined
    throw awsFailure(cause, { action: 'dynamodb:DescribeTable', resource: `table/${TableName} in ${region}` })
  }
}

/** Protects a table, or a replica that is there, once the deployment that made it has ended well; from the next one on its template says so too. */
export async function protectTable(TableName: string, region: string, client: DynamoDBClient = clientIn(region)): Promise<void> {
  try {
    await client.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: true }))
  } catch (cause) {
    if (errorName(cause) === 'ResourceNotFoundException') return
    throw awsFailure(cause, { action: 'dynamodb:UpdateTable', resource: `table/${TableName} in ${region}` })
  }
}
