import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createCompute } from '../../shared/compute/compute.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { versionFolder } from '../../shared/core/run.ts'
import { runKey } from '../../shared/engine/keys.ts'
import { folderLake } from '../../shared/local/lake.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import type { Source } from '../../shared/ports/source.ts'
import { recordedWorld } from '../../shared/sources/recorded.ts'
import { daily, dataset, ingest } from '../../shared/task/index.ts'
import { soundProject, type TrialProject, trialProject } from './trial-project.ts'

const clean = dataset('clean', { partition: daily(), columns: { id: 'int', city: 'string' }, description: '', owner: '' })
const days: Record<string, Record<string, unknown>[]> = {
  '2001-02-13': [{ id: 1, city: 'Oslo' }],
  '2001-02-14': [
    { id: 2, city: 'Paris' },
    { id: 3, city: null },
    { id: 10, city: 'Ürümqi' },
  ],
}

/** The sound project, with two days of `clean` in its lake as a runtime would have left them, and one day that waits. */
async function projectWithLake(): Promise<TrialProject> {
  const project = trialProject(soundProject())
  const folder = join(project.folder, '.redeye')
  mkdirSync(folder)
  const lake = folderLake(join(folder, 'lake'))
  const ledger = new SqliteLedger({ path: join(folder, 'ledger.db'), filter: () => false })
  for (const [partition, records] of Object.entries(days)) {
    const source: Source = {
      source: 'list',
      describe: () => 'a list',
      faults: () => [],
      async *read() {
        yield { records }
      },
    }
    const compute = createCompute(ingest({ source, output: clean }), { lake, source: recordedWorld({}) })
    const manifest = await compute.run({
      task: 'clean-orders',
      partition,
      generation: 1,
      attempt: 2,
      folder: versionFolder('clean', partition, 1, 2),
      inputs: {},
      signal: new AbortController().signal,
      log: () => {},
    })
    const version = {
      number: 1,
      as: 1,
      loud: 1,
      generation: 1,
      attempt: 2,
      rows: manifest.rows,
      bytes: manifest.bytes,
      schemaHash: '',
      at: 0,
    }
    await ledger.put(runKey('clean', partition), { ...runDoc(partition), state: 'succeeded', version } as unknown as RunDoc, 0)
  }
  await ledger.put(runKey('clean', '2001-02-15'), { ...runDoc('2001-02-15'), state: 'waiting' }, 0)
  ledger.close()
  return project
}
const runDoc = (partition: string): RunDoc => ({ v: 1, dataset: 'clean', partition, task: 'clean-orders', generation: 1, attempt: 2 })

let project: TrialProject
beforeAll(async () => {
  project = await projectWithLake()
})

describe('show', () => {
  test('schema, statistics and first rows of a partition', async () => {
    const { exit, out, err } = await project.redeye('show', 'clean@2001-02-14', '--rows', '2')
    expect([exit, err]).toEqual([0, ''])
    expect(out.split('\n').map(l => l.trimEnd())).toEqual([
      expect.stringMatching(/^clean@2001-02-14 version 1 · 3 rows · [\d.]+ k?B · 1 file$/),
      'of the tests · tests@example.com',
      'clean-orders, generation 1, attempt 2 · 1970-01-01 00:00:00 · clean/2001-02-14/g1-a2',
      '',
      'column  type    nulls  least  greatest',
      'id      int         0  2      10',
      'city    string      1  Paris  Ürümqi',
      '',
      'id  city',
      ' 2  Paris',
      ' 3  null',
      '… and 1 more row',
      '',
    ])
  })

  test('the partitions there are', async () => {
    const { exit, out } = await project.served('show', 'clean')
    expect(exit).toBe(0)
    expect(out).toMatch(/partition +version +rows +size +made\n2001-02-13 +1 +1 .*\n2001-02-14 +1 +3 /)
    expect(JSON.parse((await project.served('show', 'clean', '--json')).out)).toMatchObject([
      { partition: '2001-02-13', rows: 1 },
      { rows: 3 },
    ])
  })

  test('as data', async () => {
    const shown = JSON.parse((await project.served('show', 'clean@2001-02-14', '--json')).out)
    expect(shown).toMatchObject({ dataset: 'clean', partition: '2001-02-14', version: 1, rows: 3, schema: 'id:int,city:string' })
    expect(shown.first).toEqual(days['2001-02-14'])
  })

  test.each([
    ['clean@2001-02-15', 1, 'clean@2001-02-15 has no version yet: clean-orders@2001-02-15 is waiting'],
    ['clean@2001-02-16', 1, 'clean@2001-02-16 has no version yet'],
    ['report', 1, 'report has no partition yet'],
    ['clean@2001-W07', 2, '"2001-W07" is not a partition of clean, which is daily\n  → write it like 2001-02-14'],
    ['clan@2001-02-14', 2, 'there is no dataset clan\n  → did you mean clean?'],
  ])('%s exits %i', async (name, code, message) => {
    const { exit, out, err } = await project.served('show', name)
    expect(exit).toBe(code)
    expect(code === 2 ? err : out).toContain(message)
  })

  test('where nothing has run, it says so', async () => {
    const { exit, err } = await trialProject(soundProject()).served('show', 'clean')
    expect([exit, err]).toEqual([2, expect.stringContaining('nothing has run yet: there is no ledger in')])
  })
})

describe('query', () => {
  test('answers over all partitions, each row with its own', async () => {
    const sql = 'select _partition, count(*) as n, max(id) as greatest from clean group by _partition order by 1'
    expect(await project.redeye('query', sql)).toEqual({
      exit: 0,
      err: '',
      out: '_partition  n  greatest\n2001-02-13  1         1\n2001-02-14  3        10\n',
    })
    expect(JSON.parse((await project.served('query', sql, '--json')).out)).toEqual([
      { _partition: '2001-02-13', n: 1, greatest: 1 },
      { _partition: '2001-02-14', n: 3, greatest: 10 },
    ])
  })

  test('a dataset without versions is an empty table', async () => {
    expect((await project.served('query', 'select c.id from clean as c join report as r on r.id = c.id', '--json')).out).toBe('[]\n')
  })

  test('rows over the limit are cut, and that is said', async () => {
    const { out, err } = await project.served('query', 'select id from clean order by id', '--limit', '2')
    expect(out).toBe('id\n 1\n 2\n')
    expect(err).toContain('only the first 2 rows')
  })

  test('a statement from a file or the input', async () => {
    project.write('ids.sql', 'select id\nfrom clean\norder by id desc\n')
    expect((await project.served('query', '--file', 'ids.sql', '--json')).out).toContain('"id": 10')
    expect((await project.redeyeWith('select 1 as one', 'query', '--file', '-', '--json')).out).toContain('"one": 1')
  })

  test.each([
    [['select town from clean'], 'BAD_SQL'],
    [['selec 1'], 'at the query:1:1'],
    [[], 'no statement was given'],
    [['select 1', '--file', 'ids.sql'], 'a statement and a file were given'],
    [['--file', 'nowhere.sql'], 'nowhere.sql cannot be read: ENOENT'],
  ])('%j is bad input', async (args, message) => {
    const { exit, out, err } = await project.served('query', ...args)
    expect([exit, out]).toEqual([2, ''])
    expect(err).toContain(message)
  })
})

describe('check', () => {
  const informed = async () =>
    (
      JSON.parse((await project.served('check', '--json')).out) as { severity: string; file: string; message: string; remedy: string }[]
    ).map(f => `${f.severity} ${f.file}: ${f.message}; ${f.remedy}`)

  test('says which partitions a change leaves as they were, and which nothing will make', async () => {
    const ledger = new SqliteLedger({ path: join(project.folder, '.redeye/ledger.db'), filter: () => false })
    const published = async (dataset: string, partition: string, hash?: string) => {
      const stored = await ledger.get<RunDoc>(runKey(dataset, partition))
      const version = { number: 1, as: 1, loud: 1, generation: 1, attempt: 2, rows: 1, bytes: 1, schemaHash: '', at: 0, hash }
      const doc = { ...runDoc(partition), dataset, state: 'succeeded', version }
      expect(await ledger.put(runKey(dataset, partition), { ...stored?.doc, ...doc }, stored?.rev ?? 0)).toBe(true)
    }
    for (const day of [14, 15, 17, 18]) await published('orders', `2001-02-${day}`)
    await published('clean', '2001-02-13', 'of another statement')
    await published('clean', '2001-02-12', 'of another statement')
    ledger.close()
    expect(await informed()).toEqual([
      'info services/clean-orders/task.ts: clean-orders has changed since all of its 2 partitions were made; ' +
        'they stay as they are; request clean-orders from 2001-02-12 to 2001-02-13 with run: all',
      'info services/clean-orders/task.ts: 2 partitions of clean could be made of what was there before clean-orders was deployed; ' +
        'nothing starts them by itself; request clean-orders from 2001-02-17 to 2001-02-18 with run: missing',
    ])
    expect(await project.redeye('check')).toMatchObject({ exit: 0, out: expect.stringContaining('nothing wrong in 2 tasks') })
  })
})
