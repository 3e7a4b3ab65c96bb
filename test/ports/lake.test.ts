import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { folderLake, lakeFailure } from '../../shared/local/lake.ts'
import { lakeConformance } from './lake-conformance.ts'

for (const durability of ['process', 'machine'] as const)
  lakeConformance(`a folder that outlives the ${durability}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lake-'))
    return { lake: folderLake(join(folder, 'made', 'when', 'needed'), { durability }), close: () => rm(folder, { recursive: true }) }
  })

describe('a lake in a folder', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lake-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  test.each(['ENOSPC', 'EDQUOT', 'EFBIG'])('a disk that answers %s is a matter of resources', code => {
    const failure = lakeFailure('write', 'a/b', Object.assign(new Error('no space left on device'), { code }))
    expect(failure).toMatchObject({ code: 'OUT_OF_DISK', failure: 'resources' })
    expect(failure.message).toContain('a/b')
  })

  test('another failure of the disk may pass', () => {
    expect(lakeFailure('read', 'a/b', Object.assign(new Error('i/o error'), { code: 'EIO' }))).toMatchObject({
      code: 'LAKE_FAILED',
      failure: 'transient',
    })
  })

  test('a write that fails leaves no scratch file', async () => {
    const lake = folderLake(folder)
    await lake.put('a/b', 'x')
    await expect(lake.put('a/b/c', 'x')).rejects.toMatchObject({ code: 'LAKE_FAILED' })
    expect(await readdir(join(folder, '.scratch'))).toEqual([])
  })

  test('what died attempts have left is cleared after a day, and nothing that may be in use', async () => {
    const scratch = join(folder, '.scratch')
    const old = new Date(Date.now() - 2 * 86_400_000)
    for (const name of ['stale-spill', 'busy-spill', 'idle-spill']) await mkdir(join(scratch, name), { recursive: true })
    for (const name of ['stale', 'fresh', 'stale-spill/a', 'busy-spill/a', 'busy-spill/b']) await writeFile(join(scratch, name), '')
    for (const name of ['stale', 'stale-spill/a', 'busy-spill/a', 'stale-spill', 'busy-spill', 'idle-spill'])
      await utimes(join(scratch, name), old, old)
    folderLake(folder).scratch('')
    expect((await readdir(scratch)).sort()).toEqual(['busy-spill', 'fresh', 'idle-spill'])
  })

  test('a lake where a file stands says so', async () => {
    await writeFile(join(folder, 'file'), '')
    await expect(folderLake(join(folder, 'file')).put('a/b', 'x')).rejects.toMatchObject({ code: 'LAKE_FAILED' })
  })

  test('reading a lake that does not exist makes no folder', async () => {
    const lake = folderLake(join(folder, 'absent'))
    for await (const _ of lake.list('')) throw new Error('there is nothing to list')
    expect(await lake.get('a/b')).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
  })
})
