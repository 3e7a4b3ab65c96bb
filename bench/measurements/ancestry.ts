import type { InputContract } from '../../shared/core/contract.ts'
import type { Mapping } from '../../shared/core/mapping.ts'
import { ordinalAt, ordinalRange, type Partitioning, type TimePartitioning } from '../../shared/core/partition.ts'
import { neededOrdinals, readiness } from '../../shared/core/readiness.ts'
import type { Version } from '../../shared/core/run.ts'
import type { Bench, Figure } from '../figure.ts'

// Beyond this an ancestry leaves the document for a file in the lake.
const goal = { most: 16 * 1024 }
const timezone = 'Europe/Madrid'
const daily: TimePartitioning = { grain: 'daily', timezone, from: '2011-01-01' }
const hourly: TimePartitioning = { grain: 'hourly', timezone, from: '2020-01-01' }
const monthly: TimePartitioning = { grain: 'monthly', timezone, from: '2020-01-01' }
const at = (p: TimePartitioning, date: string) => ordinalAt(p, Date.parse(`${date}T12:00:00Z`))

/** What a version's ancestry takes in the ledger: after ten years of nights, and at the end of a year made of hours. */
export async function ancestry({ quick }: Bench): Promise<Figure[]> {
  const last = quick ? '2011-03-31' : '2020-12-31'
  const years = quick ? 'three months' : 'ten years'
  const name = `${years} of an incremental task with five upstreams`
  return [
    { name: `${name}: ancestry of the last version`, unit: 'bytes', value: incremental(last, false), goal },
    { name: `${name}, a correction a month`, unit: 'bytes', value: incremental(last, true), goal },
    { name: 'hours → days → months → a year, with a diamond: ancestry of the year', unit: 'bytes', value: rollups(), goal },
  ]
}

function incremental(last: string, corrected: boolean): number {
  const versions = new Versions()
  const upstreams = Array.from({ length: 5 }, (_, i) => `upstream-${i}`)
  const sources = Array.from({ length: 5 }, (_, i) => `source-${i}`)
  const make = (day: number) => {
    sources.forEach((source, i) => {
      versions.make(upstreams[i]!, daily, day, { [source]: [daily, { map: 'same' }] })
    })
    balance(day)
  }
  const balance = (day: number) =>
    versions.make('balance', daily, day, {
      ...Object.fromEntries(upstreams.map(u => [u, [daily, { map: 'same' }] as const])),
      balance: [daily, { map: 'offset', k: -1 }],
    })
  const days = ordinalRange(daily, at(daily, '2011-01-01'), at(daily, last))
  for (const [i, day] of days.entries()) {
    for (const source of sources) versions.deliver(source, day)
    make(day)
    if (!corrected || i % 30 !== 20) continue
    // The day before yesterday of one source comes anew, and what follows from it runs anew.
    const source = ((i / 30) % 5) | 0
    versions.deliver(sources[source]!, day - 2)
    versions.make(upstreams[source]!, daily, day - 2, { [sources[source]!]: [daily, { map: 'same' }] })
    for (let again = day - 2; again <= day; again++) balance(again)
  }
  return versions.bytes('balance', days.at(-1)!)
}

function rollups(): number {
  const versions = new Versions()
  const hours = ordinalRange(hourly, at(hourly, '2019-12-31'), at(hourly, '2021-01-01') + 12)
  for (const hour of hours) {
    versions.deliver('raw', hour)
    for (const side of ['left', 'right']) versions.make(side, hourly, hour, { raw: [hourly, { map: 'same' }] })
  }
  const both = { left: [hourly, { map: 'overlapping' }], right: [hourly, { map: 'overlapping' }] } as const
  for (const day of ordinalRange(daily, at(daily, '2020-01-01'), at(daily, '2020-12-31'))) versions.make('days', daily, day, both)
  const months = ordinalRange(monthly, at(monthly, '2020-01-01'), at(monthly, '2020-12-31'))
  for (const month of months) versions.make('months', monthly, month, { days: [daily, { map: 'overlapping' }] })
  versions.make('year', monthly, months.at(-1)!, { months: [monthly, { map: 'trailing', n: 12 }] })
  return versions.bytes('year', months.at(-1)!)
}

type Inputs = Readonly<Record<string, readonly [Partitioning, Mapping]>>

/** Versions as the core makes them of one another: what is pinned gives the next one's ancestry. */
class Versions {
  readonly #datasets = new Map<string, Map<number, Version>>()

  deliver(dataset: string, ordinal: number): void {
    this.#set(dataset, ordinal, {})
  }

  make(dataset: string, output: Partitioning, ordinal: number, inputs: Inputs): void {
    const facts = Object.entries(inputs).map(([name, [partitioning, mapping]]) => {
      const input: InputContract = { dataset: name, mapping, wait: 'all', onUpdate: 'rerun' }
      const needed = neededOrdinals(input, partitioning, output, ordinal).map(o => ({ ordinal: o, ...this.#version(name, o) }))
      return { input, partitioning, needed }
    })
    const judged = readiness(facts, output, ordinal, Number.POSITIVE_INFINITY)
    if (!judged.ready) throw new Error(`${dataset} ${ordinal} is not ready: ${JSON.stringify([judged.missing, judged.stale])}`)
    this.#set(dataset, ordinal, judged.ancestry)
  }

  bytes(dataset: string, ordinal: number): number {
    return JSON.stringify(this.#version(dataset, ordinal).version!.ancestry).length
  }

  #version(dataset: string, ordinal: number): { version?: Version } {
    const version = this.#datasets.get(dataset)?.get(ordinal)
    return version ? { version } : {}
  }

  #set(dataset: string, ordinal: number, ancestry: Version['ancestry']): void {
    const versions = this.#datasets.get(dataset) ?? new Map<number, Version>()
    this.#datasets.set(dataset, versions)
    const number = (versions.get(ordinal)?.number ?? 0) + 1
    const counts = { number, as: number, loud: number, generation: number, attempt: 1 }
    versions.set(ordinal, { ...counts, rows: 1, bytes: 1, schemaHash: '', at: 0, cause: { lane: 'nightly' }, ancestry })
  }
}
