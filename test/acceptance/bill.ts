import type { Envelope } from '../../shared/core/events.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import type { Stored } from '../../shared/ports/ledger.ts'
import type { Metered } from './meter.ts'

/** What the functions of a stage have asked of AWS, in all and for each attempt that ended. */
export interface Bill {
  runs: number
  /** Requests by service and action, and units of the ledger. */
  requests: Record<string, number>
  events: Record<string, number>
  readUnits: number
  writeUnits: number
  writeUnitsOfMedianRun: number
  /** Of a run's document, its version's ancestry apart. */
  medianDocumentBytes: number
  largestDocumentBytes: number
}

/** Of the requests and events of one night, and the ledger's documents after it. */
export function tally(requests: readonly Metered[], events: readonly Envelope[], documents: readonly Stored[], night: string): Bill {
  const runs = documents.filter(({ key }) => key.pk.startsWith('run/'))
  const over = runs.filter(({ doc }) => (doc as RunDoc).version?.cause.night === night)
  const sizes = over.map(({ doc }) => bytesOf(doc as RunDoc))
  const writes = requests.filter(r => r.action === 'UpdateItem')
  const unitsOf = ({ key }: Stored) => sum(writes.filter(w => w.item === `${key.pk}@${key.sk}`).map(w => w.units ?? 0))
  return {
    runs: over.length,
    requests: countBy(requests, r => `${r.service} ${r.action}`),
    events: countBy(events, e => e['detail-type']),
    readUnits: sum(requests.filter(r => r.service === 'dynamodb' && r.action !== 'UpdateItem').map(r => r.units ?? 0)),
    writeUnits: sum(writes.map(w => w.units ?? 0)),
    writeUnitsOfMedianRun: median(over.map(unitsOf)),
    medianDocumentBytes: median(sizes),
    largestDocumentBytes: Math.max(...sizes),
  }
}

/** The bill for people, and for docs/cost.md. */
export function tallyLines(bill: Bill): string[] {
  const perRun = (n: number) => (n / bill.runs).toFixed(2)
  return [
    `${bill.runs} runs; of each:`,
    ...Object.entries({ ...bill.requests, ...prefixed('event ', bill.events) })
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, n]) => `  ${what.padEnd(28)} ${perRun(n).padStart(7)}`),
    `  read units                   ${perRun(bill.readUnits).padStart(7)}`,
    `  write units                  ${perRun(bill.writeUnits).padStart(7)}`,
    `  write units of the median run's own document: ${bill.writeUnitsOfMedianRun}`,
    `  a run's document without ancestry: ${bill.medianDocumentBytes} bytes in the median, ${bill.largestDocumentBytes} at most`,
  ]
}

function bytesOf({ version, pins, ...doc }: RunDoc): number {
  const { ancestry: _, ...rest } = version ?? { ancestry: undefined }
  const { ancestry: __, ...pinned } = pins ?? { ancestry: undefined }
  return Buffer.byteLength(JSON.stringify({ ...doc, version: rest, ...(pins && { pins: pinned }) }))
}

const prefixed = (prefix: string, counts: Record<string, number>) =>
  Object.fromEntries(Object.entries(counts).map(([name, n]) => [`${prefix}${name}`, n]))

function countBy<T>(all: readonly T[], by: (one: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const one of all) counts[by(one)] = (counts[by(one)] ?? 0) + 1
  return counts
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? 0
}
