import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Delivery } from '../../shared/ports/target.ts'
import { warehouse } from '../../shared/targets/warehouse.ts'
import { withWarehouse } from '../../shared/targets/warehouse-file.ts'
import { columns, deliveryOf, receiptsOf, things, worldOf } from './delivery.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'warehouse-'))
  path = join(folder, 'warehouse.duckdb')
})
afterEach(() => rmSync(folder, { recursive: true }))

const target = warehouse({ connection: 'WAREHOUSE' })
const world = () => worldOf({ WAREHOUSE: `duckdb:${path}` })
const load = (rows: Record<string, unknown>[], more: Partial<Delivery> = {}) =>
  receiptsOf(target, deliveryOf(rows, { world: world(), ...more }))
const sleep = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms))
const query = (sql: string) => withWarehouse(path, sleep, async db => (await db.runAndReadAll(sql)).getRowsJson())

describe('a load', () => {
  test('makes the table and puts the rows in, each with its partition', async () => {
    expect(await load(things(2))).toEqual([{ batch: 0, rows: 2, token: 'things/2001-02-14/v1/g1.a1', answer: 'loaded' }])
    expect(await query('from things order by id')).toEqual([
      [1, 'thing 1', '2001-02-14'],
      [2, 'thing 2', '2001-02-14'],
    ])
  })

  test('done again changes nothing, whatever is brought', async () => {
    await load(things(2))
    expect(await load([{ id: 9, name: 'other' }])).toMatchObject([{ rows: 2, answer: 'was loaded before' }])
    expect(await query('select count(*) from things')).toEqual([['2']])
  })

  test('of a newer version replaces the partition’s rows and no other partition’s', async () => {
    await load(things(2))
    await load(things(3), { partition: '2001-02-15' })
    expect(await load(things(1), { version: 2, generation: 2 })).toMatchObject([{ rows: 1, answer: 'replaced v1' }])
    expect(await query('select _partition, count(*) from things group by all order by 1')).toEqual([
      ['2001-02-14', '1'],
      ['2001-02-15', '3'],
    ])
  })

  test('without rows leaves an empty partition, and its record', async () => {
    await load(things(2))
    expect(await load([], { version: 2, generation: 2 })).toMatchObject([{ rows: 0 }])
    expect(await query('select count(*) from things')).toEqual([['0']])
    expect(await query('select version, rows from _redeye_loads')).toEqual([[2, 0]])
  })

  test.each([
    ['an older generation', { generation: 1, attempt: 5 }],
    ['an older attempt', { generation: 2, attempt: 2 }],
  ])('of %s is refused and changes nothing', async (_, stale) => {
    await load(things(2), { version: 2, generation: 2, attempt: 3 })
    await expect(load(things(5), { version: 1, ...stale })).rejects.toMatchObject({ code: 'STALE_ATTEMPT' })
    expect(await query('select count(*) from things')).toEqual([['2']])
  })

  test('that fails midway leaves what was there', async () => {
    await load(things(2))
    async function* dying() {
      yield things(1)
      throw new Error('the lake went away')
    }
    await expect(load([], { rows: dying(), version: 2, generation: 2 })).rejects.toThrow('the lake went away')
    expect(await query('select count(*), (select version from _redeye_loads) from things')).toEqual([['2', 1]])
  })

  test('that is cancelled before the end leaves what was there', async () => {
    const cancelled = new AbortController()
    cancelled.abort()
    await expect(load(things(2), { signal: cancelled.signal })).rejects.toThrow()
    expect(await query(`select count(*) from duckdb_tables() where database_name = current_database()`)).toEqual([['0']])
  })

  test('two tasks cannot fill the same partition of a table', async () => {
    await load(things(1))
    await expect(load(things(1), { task: 'other-load', generation: 2 })).rejects.toMatchObject({
      code: 'BAD_TARGET',
      message: expect.stringContaining('load-things'),
    })
  })
})

describe('columns', () => {
  test('that are declared later are added; earlier rows have none', async () => {
    await load(things(1))
    const more = { ...columns, colour: 'string' } as const
    await load([{ id: 2, name: 'b', colour: 'red' }], { partition: '2001-02-15', columns: more })
    expect(await query('select id, colour from things order by id')).toEqual([
      [1, null],
      [2, 'red'],
    ])
  })

  test('whose type has changed are refused, naming both types', async () => {
    await load(things(1))
    await expect(load([], { version: 2, generation: 2, columns: { id: 'bigint', name: 'string' } })).rejects.toMatchObject({
      code: 'BAD_TARGET',
      message: 'things.id is INTEGER in the warehouse and declared as BIGINT',
    })
  })

  test('of every type arrive exactly as they are', async () => {
    const every = {
      id: 'int',
      big: 'bigint',
      share: 'double',
      price: { decimal: [20, 2] },
      ok: 'boolean',
      day: 'date',
      at: 'timestamp',
      any: 'json',
      tags: { array: 'string' },
      place: { struct: { lat: 'double', tags: { array: 'bigint' } } },
    } as const
    const row = {
      id: 1,
      big: 9007199254740993n,
      share: 0.1,
      price: '123456789012345678.91',
      ok: true,
      day: '2001-02-14',
      at: '2001-02-14T05:00:00.000001Z',
      any: { a: [1, null] },
      tags: ['x', null, "it's"],
      place: { lat: 1.5, tags: [9007199254740993n] },
    }
    const nothing = Object.fromEntries(Object.keys(every).map(column => [column, null]))
    await load([row, { ...nothing, id: 2 }], { columns: every })
    const found = await withWarehouse(path, sleep, async db => {
      // Unless told, an instant is shown in the machine's zone, by DuckDB and by its client.
      await db.run("set timezone = 'UTC'")
      return (
        await db.runAndReadAll('select * exclude _partition replace ("at"::varchar as "at") from things order by id')
      ).getRowObjectsJson()
    })
    expect(found).toEqual([
      {
        ...row,
        big: '9007199254740993',
        at: '2001-02-14 05:00:00.000001+00',
        any: '{"a":[1,null]}',
        place: { lat: 1.5, tags: ['9007199254740993'] },
      },
      { ...nothing, id: 2 },
    ])
  })
})

test('files are loaded as they are, by the columns’ names', async () => {
  const file = join(folder, "it's.parquet")
  const instance = await DuckDBInstance.create()
  const db = await instance.connect()
  await db.run(
    `copy (select 'n' || i as name, cast(i as int) as id, '2001-02-14' as _partition from range(5) t(i)) to '${file.replaceAll("'", "''")}' (format parquet)`,
  )
  db.closeSync()
  instance.closeSync()
  expect(await load([], { files: async () => [file] })).toMatchObject([{ rows: 5 }])
  expect(await query('select id, name from things order by id limit 1')).toEqual([[0, 'n0']])
  expect(await load([], { files: async () => [], version: 2, generation: 2 })).toMatchObject([{ rows: 0 }])
})

describe('the file', () => {
  test('is opened by one load at a time; the others wait', async () => {
    const partitions = Array.from({ length: 6 }, (_, n) => `2001-02-1${n}`)
    const loaded = await Promise.all(partitions.map(partition => load(things(10), { partition, world: { ...world(), sleep } })))
    expect(loaded.flat().map(receipt => receipt.rows)).toEqual(partitions.map(() => 10))
    expect(await query('select count(*) from things')).toEqual([['60']])
  })

  test('is kept from other threads of the process, which DuckDB alone would let in', async () => {
    const held = hold('worker')
    await held.ready
    await expect(load(things(1))).rejects.toMatchObject({ code: 'TARGET_UNAVAILABLE', failure: 'transient' })
    await held.end()
    expect(await load(things(1))).toMatchObject([{ rows: 1 }])
  })

  test('held by another process, however that opened it, is a passing trouble', async () => {
    const held = hold('process')
    await held.ready
    await expect(load(things(1))).rejects.toMatchObject({ code: 'TARGET_UNAVAILABLE', failure: 'transient' })
    await held.end()
    expect(await load(things(1))).toMatchObject([{ rows: 1 }])
  })

  test('is whole again after its holder was killed, and free', async () => {
    await load(things(2))
    const child = fork(join(import.meta.dirname, 'load-and-hang.mjs'), [`duckdb:${path}`])
    expect(await once(child, 'message')).toContain('loading')
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(await query('select max(id), count(*) from things')).toEqual([[2, '2']])
    expect(await load(things(3), { version: 2, generation: 2, attempt: 2 })).toMatchObject([{ rows: 3, answer: 'replaced v1' }])
  })

  test('that is something else is refused', async () => {
    writeFileSync(path, 'this is no database, only a text of some length that nobody wants to lose')
    await expect(load(things(1))).rejects.toMatchObject({ code: 'BAD_TARGET' })
  })

  test('must be named by the setting', async () => {
    for (const setting of ['', '/var/warehouse.duckdb', 'duckdb:', 'duckdb::memory:'])
      await expect(load(things(1), { world: worldOf({ WAREHOUSE: setting }) })).rejects.toMatchObject({
        code: 'BAD_TARGET',
        remedy: expect.stringContaining('duckdb:/'),
      })
  })
})

/** Holds the warehouse open in another thread (by our own lock) or in another process (by DuckDB's alone), until told to end. */
function hold(where: 'worker' | 'process'): { ready: Promise<unknown>; end(): Promise<unknown> } {
  const holder = join(import.meta.dirname, `hold-warehouse-in-${where}.mjs`)
  if (where === 'worker') {
    const worker = new Worker(holder, { workerData: path })
    return { ready: once(worker, 'message'), end: () => worker.terminate() }
  }
  const child = fork(holder, [path])
  return {
    ready: once(child, 'message'),
    end: () => {
      child.send('end')
      return once(child, 'exit')
    },
  }
}

test('faults name what is wrong with the options', () => {
  expect(warehouse({ connection: 'WAREHOUSE', table: 'route_punctuality' }).faults(columns, [])).toEqual([])
  expect(warehouse({ connection: '', table: 'a table' }).faults({ _partition: 'string' }, [])).toHaveLength(3)
  expect(warehouse({ connection: 'W', table: '_redeye_loads' }).faults(columns, [])).toHaveLength(1)
})

test('a name that is no option is a fault', () => {
  const misspelled = warehouse({ connection: 'WAREHOUSE', tabl: 'routes' } as { connection: string })
  expect(misspelled.faults(columns, [])).toEqual(['warehouse has no option "tabl"; did you mean table?'])
})
