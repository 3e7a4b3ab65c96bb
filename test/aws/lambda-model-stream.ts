import type { StreamResponse } from '../../shared/aws/stream.ts'
import type { Agenda, LambdaModel } from './lambda-model.ts'
import type { WholeRecord } from './stream-record.ts'

/*
 * A table's stream and Lambda's poller, as AWS documents them ("How Lambda processes records from stream and queue-based event
 * sources"). Records of one partition key are in one lane, in order. A batch that fails is given again before anything after it in its
 * lane: from the first record that failed, where the function names it, else whole; bisected, its halves are given one after the
 * other, and splitting counts as no try. What has been tried as often as configured is given up, and its place in the stream, not the
 * records, goes to the destination. What the stream has held for a day is gone.
 */

const HORIZON_MS = 24 * 3_600_000
const FIRST_BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 60_000

/** The settings of an event source mapping, as CloudFormation names them. */
export interface MappingSettings {
  BatchSize: number
  ParallelizationFactor: number
  BisectBatchOnFunctionError: boolean
  MaximumRetryAttempts: number
  FunctionResponseTypes: readonly string[]
  FilterCriteria: { Filters: readonly { Pattern: string }[] }
}

interface Part {
  records: WholeRecord[]
  tries: number
}

/** Lambda's record of a batch that it gave up on: what a destination gets. */
interface GivenUp {
  version: string
  timestamp: string
  requestContext: { requestId: string; functionArn: string; condition: string; approximateInvokeCount: number }
  responseContext: { statusCode: number; executedVersion: string; functionError: string | null }
  DDBStreamBatchInfo: {
    shardId: string
    startSequenceNumber: string
    endSequenceNumber: string
    approximateArrivalOfFirstRecord: string
    approximateArrivalOfLastRecord: string
    batchSize: number
    streamArn: string
  }
}

/** One shard of a stream, read by one function. */
export class StreamModel {
  readonly #agenda: Agenda
  readonly #lambda: LambdaModel
  readonly #function: string
  readonly #settings: MappingSettings
  readonly #lanes: { waiting: { record: WholeRecord; at: number }[]; parts: Part[]; polling: boolean }[]
  /** What was given up: where it was, not what. */
  readonly givenUp: GivenUp[] = []
  enabled = true

  constructor(agenda: Agenda, lambda: LambdaModel, name: string, settings: MappingSettings) {
    this.#agenda = agenda
    this.#lambda = lambda
    this.#function = name
    this.#settings = settings
    this.#lanes = Array.from({ length: settings.ParallelizationFactor }, () => ({ waiting: [], parts: [], polling: false }))
  }

  append(record: WholeRecord): void {
    if (!this.#passes(record)) return
    const pk = record.dynamodb.Keys!.pk!.S!
    const lane = [...pk].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7) % this.#lanes.length
    this.#lanes[lane]!.waiting.push({ record, at: this.#agenda.now })
    this.#poll(lane, 0)
  }

  /** The mapping is enabled again, where it stood. */
  resume(): void {
    this.enabled = true
    for (const [lane] of this.#lanes.entries()) this.#poll(lane, 0)
  }

  #poll(n: number, pauseMs: number): void {
    const lane = this.#lanes[n]!
    if (lane.polling) return
    lane.polling = true
    this.#agenda.at(this.#agenda.now + pauseMs, async () => {
      const backoffMs = this.enabled ? await this.#give(n) : 0
      lane.polling = false
      if (this.enabled && lane.parts.length + lane.waiting.length > 0) this.#poll(n, backoffMs)
    })
  }

  async #give(n: number): Promise<number> {
    const lane = this.#lanes[n]!
    lane.waiting = lane.waiting.filter(({ at }) => this.#agenda.now - at <= HORIZON_MS)
    const { BatchSize, BisectBatchOnFunctionError, MaximumRetryAttempts } = this.#settings
    const fresh = () => ({ records: lane.waiting.splice(0, BatchSize).map(w => w.record), tries: 0 })
    const part = lane.parts.shift() ?? fresh()
    if (part.records.length === 0) return 0
    const left = await this.#failures(part.records)
    if (left.length === 0) return 0
    const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** part.tries, LONGEST_BACKOFF_MS)
    // A batch of which nothing is over is bisected, which counts as no try.
    if (BisectBatchOnFunctionError && left.length === part.records.length && left.length > 1) {
      const half = Math.ceil(left.length / 2)
      lane.parts.unshift({ records: left.slice(0, half), tries: part.tries }, { records: left.slice(half), tries: part.tries })
      return backoffMs
    }
    if (part.tries === MaximumRetryAttempts) this.#giveUp(left, part.tries + 1)
    else lane.parts.unshift({ records: left, tries: part.tries + 1 })
    return backoffMs
  }

  /** The records of a batch from the first on that failed. */
  async #failures(records: WholeRecord[]): Promise<WholeRecord[]> {
    let response: StreamResponse | undefined
    const failed = await this.#lambda.perform(this.#function, JSON.stringify({ Records: records }), r => (response = r as StreamResponse))
    if (failed) return records
    if (!this.#settings.FunctionResponseTypes.includes('ReportBatchItemFailures')) return []
    const named = (response?.batchItemFailures ?? []).map(f => f.itemIdentifier)
    if (named.length === 0) return []
    const at = records.findIndex(r => named.includes(r.dynamodb.SequenceNumber))
    // A name that is none of the batch's fails it whole.
    return named.every(name => records.some(r => r.dynamodb.SequenceNumber === name)) ? records.slice(at) : records
  }

  #giveUp(records: WholeRecord[], times: number): void {
    const [first, last] = [records[0]!.dynamodb, records.at(-1)!.dynamodb]
    const arrival = ({ ApproximateCreationDateTime: seconds }: typeof first) => new Date(seconds * 1000).toISOString()
    this.givenUp.push({
      version: '1.0',
      timestamp: new Date(this.#agenda.now).toISOString(),
      requestContext: {
        requestId: `batch-${this.givenUp.length + 1}`,
        functionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${this.#function}`,
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: times,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: null },
      DDBStreamBatchInfo: {
        shardId: 'shardId-00000001573689847184-864758bb',
        startSequenceNumber: first.SequenceNumber,
        endSequenceNumber: last.SequenceNumber,
        approximateArrivalOfFirstRecord: arrival(first),
        approximateArrivalOfLastRecord: arrival(last),
        batchSize: records.length,
        streamArn: records[0]!.eventSourceARN,
      },
    })
  }

  #passes(record: WholeRecord): boolean {
    return this.#settings.FilterCriteria.Filters.some(({ Pattern }) => matches(JSON.parse(Pattern), record))
  }
}

/** Whether a record matches a filter's pattern, as far as patterns are used. */
export function matches(pattern: unknown, value: unknown): boolean {
  if (Array.isArray(pattern)) return pattern.some(condition => meets(condition, value))
  const fields = value as Record<string, unknown> | undefined
  return Object.entries(pattern as object).every(([field, p]) => matches(p, fields?.[field]))
}

function meets(condition: string | boolean | Condition, value: unknown): boolean {
  if (typeof condition !== 'object') return value === condition
  if ('prefix' in condition) return typeof value === 'string' && value.startsWith(condition.prefix)
  if ('exists' in condition) return (value !== undefined) === condition.exists
  return value !== undefined && !condition['anything-but'].includes(value as string)
}
type Condition = { prefix: string } | { exists: boolean } | { 'anything-but': string[] }
