import fc from 'fast-check'
import { type Line, linesOf } from '../../shared/sources/lines.ts'

async function cut(bytes: Uint8Array, sizes: readonly number[], maxLineBytes = 40): Promise<Line[]> {
  async function* chunks() {
    let at = 0
    for (let i = 0; at < bytes.length; i++) {
      const size = sizes[i % sizes.length]!
      yield bytes.subarray(at, at + size)
      at += size
    }
  }
  const lines: Line[] = []
  for await (const some of linesOf(chunks(), { maxLineBytes, encoding: 'utf-8' })) lines.push(...some)
  return lines
}

const sizes = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 5 })

test('however the bytes are cut, the lines are the text’s', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 8 }).filter(text => !/[\n\r\ufeff]/.test(text))
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 20 }),
      fc.constantFrom('\n', '\r\n'),
      sizes,
      fc.boolean(),
      async (texts, end, cuts, ended) => {
        const bytes = Buffer.from(texts.join(end) + (ended ? end : ''))
        const expected = texts.join('\n') + (ended ? '\n' : '')
        const lines = expected.split('\n')
        if (lines.at(-1) === '') lines.pop()
        expect(await cut(bytes, cuts, 1000)).toEqual(lines.map((text, i) => ({ number: i + 1, text })))
      },
    ),
  )
})

test('any bytes give each line once, as text or with a reason, alike for every cut', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), sizes, async (bytes, cuts) => {
      const atOnce = await cut(bytes, [bytes.length || 1])
      expect(await cut(bytes, cuts)).toEqual(atOnce)
      const ends = bytes.filter(byte => byte === 0x0a).length
      expect(atOnce.length).toBe(ends + (bytes.length > 0 && bytes.at(-1) !== 0x0a ? 1 : 0))
      expect(atOnce.map(line => line.number)).toEqual(atOnce.map((_, i) => i + 1))
    }),
  )
})

test('an empty file has no lines', async () => {
  expect(await cut(Buffer.alloc(0), [1])).toEqual([])
  expect(await cut(Buffer.from('\n\n'), [1])).toEqual([
    { number: 1, text: '' },
    { number: 2, text: '' },
  ])
})
