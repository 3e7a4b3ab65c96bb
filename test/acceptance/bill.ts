import type { Envelope } from '../../shared/core/events.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import type { Stored } from '../../shared/ports/ledger.ts'
import type { Invocations } from './invocations.ts'
import type { Metered } from './meter.ts'

/** What a night has asked of AWS: docs/cost.md is made of it. Sums are of all functions, over all runs that the night made. */
export interface Bill extends Invocations {
  runs: number
  /** Requests by service and action. */
  requests: Record<string, number>
  events: Record<string, number>
  readUnits: number
  writeUnits: number
  /** Read units by the kind of document, of what is read one by one and by ranges. */
  readUnitsByKind: Record<string, number>
  /** What all events have together, as JSON: an archive is billed by it. */
  eventBytes: number
  /** Write units by the kind of document, as the first part of its key names it. */
  writeUnitsByKind: Record<string, number>
  /** Of the median run: those of its own document, those of its task's limit, and its share of what all have in common. */
  medianWriteUnits: number
  medianWriteUnitsOfDocument: number
  /** Of a run's document, its version's ancestry apart. */
  medianDocumentBytes: number
  largestDocumentBytes: number
}

/** What a night was: what was asked and told while it lasted, and the ledger's documents after it. */
export interface Asked extends Invocations {
  requests: readonly Metered[]
  events: readonly Envelope[]
  documents: readonly Stored[]
  night: string
}

/** Of one night, from its begin to its end. */
export function tally({ requests, events, invocations, logBytes, documents, night }: Asked): Bill {
  const runs = documents.flatMap(({ key, doc }) => (key.pk.startsWith('run/') ? [doc as RunDoc] : []))
  const over = runs.filter(({ version }) => version?.cause.night === night)
  const sizes = over.map(bytesOf)
  const writes = requests.filter(r => r.action === 'UpdateItem')
  const reads = requests.filter(r => r.service === 'dynamodb' && r.action !== 'UpdateItem')
  return {
    runs: over.length,
    requests: countBy(requests, r => `${r.service} ${r.action}`),
    events: countBy(events, e => e['detail-type']),
    invocations,
    logBytes,
    eventBytes: sum(events.map(e => Buffer.byteLength(JSON.stringify(e)))),
    readUnits: unitsOf(reads),
    readUnitsByKind: byKind(reads),
    writeUnits: unitsOf(writes),
    writeUnitsByKind: byKind(writes),
    ...writesOfMedian(writes, over),
    medianDocumentBytes: median(sizes),
    largestDocumentBytes: Math.max(...sizes),
  }
}

function writesOfMedian(writes: readonly Metered[], runs: readonly RunDoc[]) {
  const own = (run: RunDoc) => unitsOf(writes.filter(w => w.item === `run/${run.dataset}@${run.partition}`))
  const ofLimits = (task: string) => unitsOf(writes.filter(w => w.item === `limit/task/${task}@-`))
  const tasks = countBy(runs, run => run.task!)
  const attributed = sum(runs.map(own)) + sum(Object.keys(tasks).map(ofLimits))
  const common = (unitsOf(writes) - attributed) / runs.length
  const all = runs.map(run => own(run) + ofLimits(run.task!) / tasks[run.task!]! + common)
  return { medianWriteUnits: rounded(median(all)), medianWriteUnitsOfDocument: median(runs.map(own)) }
}

/** The bill for people. */
export function tallyLines(bill: Bill): string[] {
  const perRun = (n: number) => (n / bill.runs).toFixed(2).padStart(7)
  const counts = {
    ...bill.requests,
    ...prefixed('event ', bill.events),
    ...prefixed('invocations of ', bill.invocations),
    ...prefixed('write units of ', bill.writeUnitsByKind),
    ...prefixed('read units of ', bill.readUnitsByKind),
    'write units': bill.writeUnits,
    'read units': bill.readUnits,
    'log bytes': bill.logBytes,
  }
  return [
    `${bill.runs} runs; of each:`,
    ...Object.entries(counts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, n]) => `  ${what.padEnd(28)} ${perRun(n)}`),
    `  write units of the median run: ${bill.medianWriteUnits} in all, ${bill.medianWriteUnitsOfDocument} for its own document`,
    `  a run's document without ancestry: ${bill.medianDocumentBytes} bytes in the median, ${bill.largestDocumentBytes} at most`,
  ]
}

function bytesOf({ version, pins, ...doc }: RunDoc): number {
  const { ancestry: _, ...rest } = version ?? { ancestry: undefined }
  const { ancestry: __, ...pinned } = pins ?? { ancestry: undefined }
  return Buffer.byteLength(JSON.stringify({ ...doc, version: rest, ...(pins && { pins: pinned }) }))
}

function byKind(requests: readonly Metered[]): Record<string, number> {
  const kinds = Object.groupBy(requests, r => kindOf(r.item ?? r.action))
  return Object.fromEntries(Object.entries(kinds).map(([kind, of]) => [kind, unitsOf(of!)]))
}

const kindOf = (item: string) => /^[^/@]*/.exec(item)![0]

const prefixed = (prefix: string, counts: Record<string, number>) =>
  Object.fromEntries(Object.entries(counts).map(([name, n]) => [`${prefix}${name}`, n]))

function countBy<T>(all: readonly T[], by: (one: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const one of all) counts[by(one)] = (counts[by(one)] ?? 0) + 1
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const unitsOf = (requests: readonly Metered[]) => sum(requests.map(r => r.units ?? 0))
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
const rounded = (n: number) => Math.round(n * 100) / 100

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2
}
