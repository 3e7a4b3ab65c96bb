import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Lake } from '../../shared/ports/lake.ts'

/** What every lake does, whatever it stands on. `make` gives an empty one. */
export function lakeConformance(name: string, make: () => Promise<{ lake: Lake; close: () => Promise<void> }>): void {
  describe(`the lake on ${name}`, () => {
    let lake: Lake
    let close: () => Promise<void>
    beforeEach(async () => {
      ;({ lake, close } = await make())
    })
    afterEach(() => close())
    const text = async (key: string) => {
      const bytes = await lake.get(key)
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
    }
    const keys = async (prefix: string) => {
      const found: string[] = []
      for await (const { key } of lake.list(prefix)) found.push(key)
      return found
    }

    test('gives back what was put, as text and as bytes', async () => {
      await lake.put('flights/2001-02-14/g1-a1/manifest.json', '{"é":1}')
      await lake.put('flights/2001-02-14/g1-a1/part', new Uint8Array([0, 255, 10]))
      expect(await text('flights/2001-02-14/g1-a1/manifest.json')).toBe('{"é":1}')
      expect([...(await lake.get('flights/2001-02-14/g1-a1/part'))!]).toEqual([0, 255, 10])
    })

    test('has nothing under a key that was never put', async () => {
      await lake.put('a/b/c', 'x')
      for (const key of ['a/b/d', 'a/b', 'a', 'a/b/c/d', 'z']) {
        expect(await lake.get(key)).toBeUndefined()
        expect(await lake.size(key)).toBeUndefined()
        await expect(lake.fetch(key)).rejects.toMatchObject({ code: 'LAKE_FAILED' })
      }
    })

    test('puts over an earlier file of the same key', async () => {
      await lake.put('a/b', 'first, and longer')
      await lake.put('a/b', 'second')
      expect(await text('a/b')).toBe('second')
      expect(await lake.size('a/b')).toBe(6)
    })

    test('takes over a finished scratch file', async () => {
      const path = lake.scratch('.parquet')
      expect(path).toMatch(/\.parquet$/)
      expect(lake.scratch('.parquet')).not.toBe(path)
      await writeFile(path, 'rows')
      await lake.putFile('a/part-0000.parquet', path)
      expect(await text('a/part-0000.parquet')).toBe('rows')
      expect(await keys('')).toEqual(['a/part-0000.parquet'])
    })

    test('takes over a file from anywhere', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'lake-'))
      await writeFile(join(folder, 'rows'), 'elsewhere')
      await lake.putFile('a/b', join(folder, 'rows'))
      await rm(folder, { recursive: true })
      expect(await text('a/b')).toBe('elsewhere')
    })

    test('leaves nothing behind when a file cannot be taken over', async () => {
      await expect(lake.putFile('a/b', lake.scratch('.missing'))).rejects.toMatchObject({ code: 'LAKE_FAILED' })
      expect(await keys('')).toEqual([])
    })

    test('fetches a local file with the content', async () => {
      await lake.put('a/b', 'content')
      expect(await readFile(await lake.fetch('a/b'), 'utf8')).toBe('content')
    })

    test('lists by prefix, in order, with sizes', async () => {
      for (const key of ['b/1', 'a/2001-02/x', 'a/2001-02-14/x', 'a/2001-02-14/y', 'a2/x', 'a/z']) await lake.put(key, key)
      expect(await keys('a/')).toEqual(['a/2001-02-14/x', 'a/2001-02-14/y', 'a/2001-02/x', 'a/z'])
      expect(await keys('a')).toEqual(['a/2001-02-14/x', 'a/2001-02-14/y', 'a/2001-02/x', 'a/z', 'a2/x'])
      expect(await keys('a/2001-02')).toEqual(['a/2001-02-14/x', 'a/2001-02-14/y', 'a/2001-02/x'])
      expect(await keys('a/2001-02-14/x')).toEqual(['a/2001-02-14/x'])
      expect(await keys('nothing/here')).toEqual([])
      expect(await keys('')).toHaveLength(6)
      for await (const file of lake.list('b')) {
        expect(file.bytes).toBe(3)
        expect(file.modifiedMs).toBeGreaterThan(0)
      }
    })

    test.each(['../', '/', '../../etc/', 'a/../../'])('lists nothing outside of itself: %s', async prefix => {
      await expect(keys(prefix)).rejects.toMatchObject({ code: 'LAKE_FAILED', failure: 'user' })
    })

    test('removes, and does not mind what is absent', async () => {
      await lake.put('a/b/c', 'x')
      await lake.put('a/b/d', 'x')
      await lake.remove(['a/b/c', 'a/b/never', 'never/at/all'])
      expect(await keys('')).toEqual(['a/b/d'])
      await lake.remove(['a/b/d'])
      expect(await keys('')).toEqual([])
      await lake.put('a/b/c', 'again')
      expect(await text('a/b/c')).toBe('again')
    })

    test('a reader sees the old file or the new one, never a mixture', async () => {
      const versions = ['a', 'b'].map(letter => letter.repeat(300_000))
      await lake.put('k/v', versions[0]!)
      let writing = true
      const writer = (async () => {
        for (let n = 0; n < 20; n++) await lake.put('k/v', versions[n % 2]!)
        writing = false
      })()
      while (writing) expect(versions).toContain(await text('k/v'))
      await writer
    })

    test('many writers and removers of one folder do not disturb each other', async () => {
      const names = Array.from({ length: 20 }, (_, n) => `shared/folder/${String(n).padStart(2, '0')}`)
      await Promise.all(
        names.map(async (name, n) => {
          await lake.put(name, name)
          if (n % 2 === 1) await lake.remove([name])
        }),
      )
      expect(await keys('shared/')).toEqual(names.filter((_, n) => n % 2 === 0))
    })

    test.each(['../outside', 'a/../b', '/absolute', 'a//b', 'a/', '', '.hidden', 'a/./b', 'a\\b', 'a\0b', 'a b', 'a/*'])(
      'refuses the key %j',
      async key => {
        await expect(lake.put(key, 'x')).rejects.toMatchObject({ code: 'LAKE_FAILED', failure: 'user' })
        await expect(lake.get(key)).rejects.toMatchObject({ code: 'LAKE_FAILED' })
        await expect(lake.remove([key])).rejects.toMatchObject({ code: 'LAKE_FAILED' })
      },
    )
  })
}
