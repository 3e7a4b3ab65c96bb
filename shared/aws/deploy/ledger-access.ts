import { graphKey, limitKey, pauseKey, runKey, taskLimit } from '../../engine/keys.ts'
import type { Key } from '../../ports/ledger.ts'
import { itemKey, ledgerActions, RECENT } from '../dynamodb-table.ts'
import { allow, type Statement, type Value } from './template.ts'

/** Partition keys of the table and of its index; `*` stands for any text. */
export interface LedgerKeys {
  changed: readonly string[]
  read: readonly string[]
  listed: readonly string[]
}

const keyOf = (key: Key) => itemKey(key).pk
const contracts = ['contract', keyOf(graphKey)]

/**
 * What `decide` may do to the ledger: change its own runs, its limit, and the permits of lanes and requests; read contracts, requests,
 * pauses, nights, and the state of any run. The last, since who frees a place hands it to whoever is next, and since a requested run
 * waits for the requested runs before it, at any distance. No run's document holds data.
 */
export function decideKeys(task: string, output: string): LedgerKeys {
  return {
    changed: [runKey(output, '').pk, keyOf(limitKey(taskLimit(task))), keyOf(limitKey('lane/*')), keyOf(limitKey('request/*'))],
    read: ['run/*', ...contracts, 'night', 'request/*', keyOf(pauseKey(task)), keyOf(pauseKey('all'))],
    listed: ['run/*', 'limit', 'request', 'pause'],
  }
}

/** What `work` may: its own runs, to end them, and the contracts, to know how. */
export const workKeys = (output: string): LedgerKeys => ({ changed: [runKey(output, '').pk], read: contracts, listed: [] })

/** The platform's functions, who see all. */
export const everyKey: LedgerKeys = { changed: ['*'], read: [], listed: ['*'] }

/** Statements on the table that a name of the template refers to; DynamoDB judges each item that is asked for by its partition key. Nothing reads a table whole, or deletes. */
export function ledgerStatements(table: string, keys: LedgerKeys): Statement[] {
  const tableArn = `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/\${${table}}`
  const on = (name: string, actions: readonly string[], resource: string, leading: readonly string[]): Statement[] =>
    leading.length === 0 ? [] : [allow(name, [...actions], { 'Fn::Sub': resource }, only(leading))]
  return [
    ...on('ReadLedger', ledgerActions.read, tableArn, [...keys.changed, ...keys.read]),
    ...on('WriteLedger', ledgerActions.write, tableArn, keys.changed),
    ...on('ReadIndex', ['dynamodb:Query'], `${tableArn}/index/${RECENT}`, keys.listed),
  ]
}

// A request that named no key would pass; each of the allowed actions names one.
const only = (leading: readonly string[]): { [operator: string]: { [key: string]: Value } } => ({
  'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': leading },
})
