import type { Arrival } from '../../shared/core/arrive.ts'
import { delivered, end } from '../../shared/core/attempt.ts'
import type { InputContract, TaskContract } from '../../shared/core/contract.ts'
import { ordinalOf, type Partitioning } from '../../shared/core/partition.ts'
import { blankRun, type Place } from '../../shared/core/place.ts'
import type { Cause, RunDoc, Version } from '../../shared/core/run.ts'

export const days: Partitioning = { grain: 'daily', timezone: 'UTC' }
export const NOON = Date.parse('2024-06-03T12:00:00Z')
export const at = (hours: number) => NOON + hours * 3_600_000

export const contract = (deployedAt: number): TaskContract => ({
  kind: 'task',
  task: 'reports',
  output: 'report',
  inputs: [{ dataset: 'orders', mapping: { map: 'same' }, wait: 'all', onUpdate: 'rerun' }],
  onNight: false,
  retry: { attempts: 1, timeouts: 1, losses: 1, backoffMs: 0, factor: 1, jitter: 0 },
  hash: 'h',
  inputsHash: 'i',
  deployedAt,
})
export const placeFor = (deployedAt: number): Place => ({
  contract: contract(deployedAt),
  output: days,
  ordinal: ordinalOf(days, '2024-06-02')!,
  inputs: [days],
})

/** A partition's versions, made one after the other, each loud or quiet. */
export function versions(...made: { at: number; quiet?: boolean }[]): Version {
  let doc: RunDoc = delivered(undefined, 'orders', '2024-06-02', { ok: true, rows: 1, bytes: 1, schemaHash: '', at: 0 }, 1)
  const { version: _, ...blank } = doc
  doc = blank
  for (const { at: published, quiet } of made) {
    const cause: Cause = { lane: 'nightly', ...(quiet && { quiet }) }
    const running: RunDoc = { ...doc, state: 'running', generation: doc.generation + 1, attempt: 1, cause }
    doc = end(running, placeFor(0), running, { ok: true, rows: 1, bytes: 1, schemaHash: '', at: published }, published, 0)!
  }
  return doc.version!
}
export const orders = (more: Partial<InputContract> = {}): InputContract => ({
  dataset: 'orders',
  mapping: { map: 'trailing', n: 3 },
  wait: 'all',
  onUpdate: 'rerun',
  ...more,
})
export const placeWith = (inputs: InputContract[], more: Partial<TaskContract> = {}): Place => ({
  ...placeFor(0),
  contract: { ...contract(0), inputs, ...more },
  inputs: inputs.map(() => days),
})
export const nightly: Cause = { lane: 'nightly' }
export const run = (place: Place, more: Partial<RunDoc> = {}): RunDoc => ({ ...blankRun(place), task: 'reports', cause: nightly, ...more })
export const today = ordinalOf(days, '2024-06-02')!
export const arrival = (more: Partial<Arrival> = {}): Arrival => ({
  dataset: 'orders',
  ordinal: today,
  number: 1,
  at: at(1),
  cause: nightly,
  ...more,
})
