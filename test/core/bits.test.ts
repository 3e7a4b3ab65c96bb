import fc from 'fast-check'
import { bitsOf, countBits, hasBit, withoutBit } from '../../shared/core/bits.ts'

test('a set of indexes, a sixth of a character each', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 200 }), fc.uniqueArray(fc.nat(199)), fc.nat(199), (length, members, gone) => {
      const set = new Set(members.filter(m => m < length))
      const bits = bitsOf(length, i => set.has(i))
      expect(bits).toHaveLength(Math.ceil(length / 6))
      expect(countBits(bits)).toBe(set.size)
      for (let i = 0; i < length + 10; i++) expect(hasBit(bits, i)).toBe(set.has(i))
      if (!set.delete(gone)) return
      expect(withoutBit(bits, gone)).toBe(bitsOf(length, i => set.has(i)))
    }),
  )
})
