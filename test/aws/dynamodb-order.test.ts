import fc from 'fast-check'
import { compareTexts, inTurns } from '../../shared/aws/dynamodb-order.ts'

test('texts stand as their bytes do', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareTexts(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))))
    }),
  )
  // Where JavaScript's own order would differ: U+FF5E stands before what lies beyond the first plane.
  expect(compareTexts('～', '🛫')).toBeLessThan(0)
})

test('each is done, and never more at once than may be', async () => {
  let atWork = 0
  let most = 0
  const done: number[] = []
  await inTurns([1, 2, 3, 4, 5, 6, 7], 3, async n => {
    most = Math.max(most, ++atWork)
    await Promise.resolve()
    atWork--
    done.push(n)
  })
  expect(most).toBe(3)
  expect(done.sort()).toEqual([1, 2, 3, 4, 5, 6, 7])
  await inTurns([], 3, () => Promise.reject(new Error('nothing is to be done')))
})
