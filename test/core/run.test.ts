import {
  type Cause,
  hear,
  joinCauses,
  laneRank,
  publishedLoudly,
  runName,
  sameCause,
  type Version,
  versionFolder,
} from '../../shared/core/run.ts'

test('of two causes the lane that goes first stays, with the requests of both unless it is nightly', () => {
  const backfill: Cause = { lane: 'backfill', under: ['a', 'b'] }
  expect(joinCauses(undefined, backfill)).toBe(backfill)
  expect(joinCauses(backfill, { lane: 'backfill', under: ['b', 'c'] })).toEqual({ lane: 'backfill', under: ['a', 'b', 'c'] })
  expect(joinCauses(backfill, { lane: 'manual' })).toEqual({ lane: 'manual', under: ['a', 'b'] })
  expect(joinCauses({ lane: 'manual' }, backfill)).toEqual({ lane: 'manual', under: ['a', 'b'] })
  expect(joinCauses(backfill, { lane: 'nightly' })).toEqual({ lane: 'nightly' })
  expect(joinCauses({ lane: 'nightly' }, backfill)).toEqual({ lane: 'nightly' })
})

test('the newest night is kept, and quiet is only what is quiet on both sides', () => {
  const night = (date: string): Cause => ({ lane: 'nightly', night: date })
  expect(joinCauses(night('2001-02-14'), night('2001-02-13'))).toEqual(night('2001-02-14'))
  expect(joinCauses(night('2001-02-13'), night('2001-02-14'))).toEqual(night('2001-02-14'))
  expect(joinCauses({ lane: 'nightly' }, night('2001-02-14'))).toEqual(night('2001-02-14'))
  const quiet: Cause = { lane: 'manual', quiet: true }
  expect(joinCauses(quiet, quiet)).toEqual(quiet)
  expect(joinCauses(quiet, { lane: 'manual' })).toEqual({ lane: 'manual' })
  expect(joinCauses({ lane: 'manual' }, quiet)).toEqual({ lane: 'manual' })
})

test('causes are the same when nothing in them differs', () => {
  const cause: Cause = { lane: 'manual', quiet: true, night: '2001-02-14', under: ['a', 'b'] }
  expect(sameCause(cause, { ...cause })).toBe(true)
  expect(sameCause(undefined, undefined)).toBe(true)
  expect(sameCause({ lane: 'manual' }, { lane: 'manual', quiet: false as never, under: [] })).toBe(true)
  expect(sameCause(cause, undefined)).toBe(false)
  expect(sameCause(undefined, cause)).toBe(false)
  expect(sameCause(cause, { ...cause, lane: 'backfill' })).toBe(false)
  expect(sameCause(cause, { ...cause, quiet: undefined })).toBe(false)
  expect(sameCause(cause, { ...cause, night: '2001-02-15' })).toBe(false)
  expect(sameCause(cause, { ...cause, under: ['ab'] })).toBe(false)
})

test('nightly goes before manual, manual before backfill', () => {
  expect([laneRank('nightly'), laneRank('manual'), laneRank('backfill')]).toEqual([0, 1, 2])
})

test('an operator’s word is heeded once, and the last sixteen are remembered', () => {
  let doc: { heard?: string[] } = {}
  for (let i = 1; i <= 20; i++) doc = hear(doc, `e${i}`)!
  expect(doc.heard).toHaveLength(16)
  expect([doc.heard![0], doc.heard![15]]).toEqual(['e5', 'e20'])
  expect(hear(doc, 'e20')).toBeUndefined()
  expect(hear(doc, 'e4')).toBeDefined()
})

test('a version that readers do not follow was published, to them, when the one before it was', () => {
  expect(publishedLoudly({ at: 5 } as Version)).toBe(5)
  expect(publishedLoudly({ at: 5, loudAt: 3 } as Version)).toBe(3)
})

test('a run and an attempt’s folder have their names', () => {
  expect(runName('clean-orders', '2001-02-14')).toBe('clean-orders@2001-02-14')
  expect(versionFolder('clean', '2001-02-14', 2, 3)).toBe('clean/2001-02-14/g2-a3')
})
