import { countBits, hasBit } from '../shared/core/bits.ts'
import type { TaskContract } from '../shared/core/contract.ts'
import type { Graph } from '../shared/core/graph.ts'
import { keyOf, ordinalOf } from '../shared/core/partition.ts'
import { isSatisfied, neededOrdinals, optionalTime } from '../shared/core/readiness.ts'
import type { RunDoc } from '../shared/core/run.ts'
import { instantText } from './measures.ts'

/** What a waiting run waits for: partitions that are not there, or that are behind a newer version upstream. */
export interface Waits {
  missing: { dataset: string; partitions: string[]; of: number }[]
  stale: string[]
  /** Datasets taken by `latest` of which nothing has been published, or a request is still to make more. */
  latest: string[]
  /** When it is looked at again by itself. */
  until?: number
}

/** Read off the run's own document, which keeps what has not arrived: nothing else needs to be asked. */
export function waitsOf(graph: Graph, doc: RunDoc, now: number): Waits {
  const waits: Waits = { missing: [], stale: doc.stale ?? [], latest: [], ...(doc.due !== undefined && { until: doc.due }) }
  const contract = doc.task === undefined ? undefined : graph.task(doc.task)
  if (doc.state !== 'waiting' || !contract || doc.pending?.inputsHash !== contract.inputsHash) return waits
  const output = graph.dataset(doc.dataset)!.partitioning
  const ordinal = ordinalOf(output, doc.partition)!
  contract.inputs.forEach((input, i) => {
    const partitioning = graph.dataset(input.dataset)!.partitioning
    const bits = doc.pending!.bits[i]!
    const needed = neededOrdinals(input, partitioning, output, ordinal)
    if (input.mapping.map === 'latest' || isSatisfied(input, needed.length, countBits(bits), optionalTime(input, output, ordinal), now))
      return
    const partitions = needed.filter((_, at) => hasBit(bits, at)).map(o => keyOf(partitioning, o))
    waits.missing.push({ dataset: input.dataset, partitions, of: needed.length })
  })
  if (waits.missing.length === 0 && waits.stale.length === 0 && waits.until === undefined) waits.latest = latestOf(contract)
  return waits
}

const latestOf = (contract: TaskContract) => contract.inputs.filter(i => i.mapping.map === 'latest').map(i => i.dataset)

/** The same in a few words: `web_logs`, `4 of 7 airport_days`, `a newer flights@2001-02-14`. */
export function waitsText(waits: Waits, partition: string): string {
  const parts = [
    ...waits.missing.map(({ dataset, partitions, of }) => {
      if (partitions.length > 1) return `${partitions.length} of ${of} ${dataset}`
      return partitions[0] === partition ? dataset : `${dataset}@${partitions[0]}`
    }),
    ...waits.stale.map(name => `a newer ${name}`),
    ...waits.latest.map(dataset => `the latest ${dataset}`),
  ]
  if (parts.length > 0) return parts.join(', ')
  return waits.until === undefined ? 'its turn' : `until ${instantText(waits.until)}`
}
