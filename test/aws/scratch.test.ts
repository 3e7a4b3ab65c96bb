import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { emptyScratch, scratchFolder } from '../../shared/aws/scratch.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redeye-scratch-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('an attempt begins on a disk without what earlier ones have left, of this process or of one that died', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0'])
  await mkdir(join(folder, `redeye-work-${pid}`, 'copies'), { recursive: true })
  await mkdir(scratchFolder(folder))
  await writeFile(join(scratchFolder(folder), 'part.parquet'), 'rows')
  expect(emptyScratch(folder)).toBe(scratchFolder(folder))
  expect(await readdir(folder)).toEqual([basename(scratchFolder(folder))])
  expect(await readdir(scratchFolder(folder))).toEqual([])
})

test('folders of this process stay, with nothing in them: whoever made one counts on it', async () => {
  const spill = join(scratchFolder(folder), 'a-spill')
  await mkdir(join(spill, 'deep'), { recursive: true })
  await writeFile(join(spill, 'duckdb_temp_storage-0.tmp'), 'rows')
  emptyScratch(folder)
  expect(await readdir(scratchFolder(folder))).toEqual(['a-spill'])
  expect(await readdir(spill)).toEqual([])
})

test('what is another living process’s, or nobody’s business, stays', async () => {
  for (const name of [`redeye-work-${process.ppid}`, 'redeye-work-', 'somebody']) await mkdir(join(folder, name))
  emptyScratch(folder)
  for (const name of [`redeye-work-${process.ppid}`, 'redeye-work-', 'somebody']) expect(existsSync(join(folder, name))).toBe(true)
})
