import type { TaskContract } from '../../shared/core/contract.ts'
import { blankRun, consider, delivered, end, type Place } from '../../shared/core/follow.ts'
import { ordinalOf, type Partitioning } from '../../shared/core/partition.ts'
import type { Cause, RunDoc, Version } from '../../shared/core/run.ts'

const days: Partitioning = { grain: 'daily', timezone: 'UTC' }
const NOON = Date.parse('2024-06-03T12:00:00Z')
const at = (hours: number) => NOON + hours * 3_600_000

const contract = (deployedAt: number): TaskContract => ({
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
const placeFor = (deployedAt: number): Place => ({
  contract: contract(deployedAt),
  output: days,
  ordinal: ordinalOf(days, '2024-06-02')!,
  inputs: [days],
})

/** A partition's versions, made one after the other, each loud or quiet. */
function versions(...made: { at: number; quiet?: boolean }[]): Version {
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
const look = (version: Version, deployedAt: number, doc?: RunDoc) => {
  const place = placeFor(deployedAt)
  return consider(doc, place, {
    facts: [{ input: place.contract.inputs[0]!, partitioning: days, needed: [{ ordinal: place.ordinal, version }] }],
    now: at(9),
    lookedAt: at(9),
    paused: false,
  }).next
}

describe('a version of a request without downstream, after one that readers follow', () => {
  const repaired = versions({ at: at(1) }, { at: at(3), quiet: true })

  test('starts no task that was deployed between the two', () => {
    expect(look(repaired, at(2))).toBe('keep')
  })
  test('leaves the first to be heard of by a task that was there before it', () => {
    expect(look(repaired, at(0))).toBe('claim')
  })
  test('is still followed by the version after it', () => {
    expect(look(versions({ at: at(1) }, { at: at(3), quiet: true }, { at: at(4) }), at(2))).toBe('claim')
  })
  test('runs nothing anew under inputs that changed after the first', () => {
    const place = placeFor(0)
    const over: RunDoc = {
      ...blankRun(place),
      task: 'reports',
      state: 'succeeded',
      generation: 1,
      attempt: 1,
      pins: { inputsHash: 'other inputs', inputs: [], at: at(2) },
    }
    expect(look(repaired, at(0), over)).toBe('keep')
    expect(look(versions({ at: at(1) }, { at: at(3) }), at(0), over)).toBe('claim')
  })
})
