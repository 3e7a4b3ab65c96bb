import fc from 'fast-check'
import { interleave } from '../../shared/sources/interleave.ts'

async function* delayed(values: number[], ticks: number): AsyncGenerator<number> {
  for (const value of values) {
    for (let i = 0; i < ticks; i++) await undefined
    yield value
  }
}

test('every stream’s elements come once, in the stream’s order', async () => {
  const streams = fc.array(fc.tuple(fc.array(fc.integer(), { maxLength: 8 }), fc.nat(5)), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(streams, async made => {
      const got: number[][] = made.map(() => [])
      for await (const { from, value } of interleave(made.map(([values, ticks]) => delayed(values, ticks)))) got[from]!.push(value)
      expect(got).toEqual(made.map(([values]) => values))
    }),
  )
})

test('streams that are always ready take turns', async () => {
  const order: number[] = []
  for await (const { from } of interleave([delayed([1, 2, 3], 0), delayed([1, 2, 3], 0)])) order.push(from)
  expect(order).toEqual([0, 1, 0, 1, 0, 1])
})

test('no stream is read more than two elements ahead, and all end when the reader does or one fails', async () => {
  const ended: string[] = []
  let made = 0
  async function* endless(name: string) {
    try {
      for (;;) yield made++
    } finally {
      ended.push(name)
    }
  }
  let seen = 0
  for await (const _ of interleave([endless('a'), endless('b')])) {
    expect(made - ++seen).toBeLessThanOrEqual(2)
    if (seen === 10) break
  }
  expect(ended.sort()).toEqual(['a', 'b'])
  async function* failing() {
    yield 1
    throw new Error('broken')
  }
  const reading = async () => {
    for await (const _ of interleave([endless('c'), failing()]));
  }
  await expect(reading()).rejects.toThrow('broken')
  expect(ended).toContain('c')
})
