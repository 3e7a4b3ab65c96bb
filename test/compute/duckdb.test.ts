import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { openSession } from '../../shared/compute/duckdb.ts'

const context = { task: 'test', partition: 'all' }

test('a process that computes nothing loads no DuckDB', () => {
  const compute = join(import.meta.dirname, '../../shared/compute/compute.ts')
  const script = `import ${JSON.stringify(compute)}; import { createRequire } from 'node:module'
    console.log(Object.keys(createRequire(import.meta.url).cache).some(file => file.includes('@duckdb')))`
  expect(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).trim()).toBe('false')
})

test('sessions share an instance, and nothing else', async () => {
  const [one, other] = await Promise.all([openSession({ threads: 1 }, context), openSession({ threads: 1 }, context)])
  await one.run('CREATE TEMP TABLE mine AS SELECT 1 AS a')
  await one.run('CREATE TEMP VIEW seen AS FROM mine')
  for (const name of ['mine', 'seen']) await expect(other.rows(`FROM ${name}`)).rejects.toMatchObject({ code: 'BAD_SQL' })
  await other.run('CREATE TEMP TABLE mine AS SELECT 2 AS a')
  expect(await one.rows('FROM mine')).toEqual([{ a: 1 }])
  one.close()
  expect(await other.rows('FROM mine')).toEqual([{ a: 2 }])
  other.close()
})

test('every session is in UTC and has the functions of translated SQL', async () => {
  for (let n = 0; n < 2; n++) {
    const session = await openSession({ threads: 1 }, context)
    const sql = "SELECT current_setting('TimeZone') AS zone, spark_date('2001-02-14')::VARCHAR AS day"
    await session.prepareFor(sql)
    expect(await session.rows(sql)).toEqual([{ zone: 'UTC', day: '2001-02-14' }])
    session.close()
  }
})

test('no extension is loaded from outside', async () => {
  const session = await openSession({ threads: 1 }, context)
  await expect(session.run("SELECT * FROM 'https://127.0.0.1:1/x.parquet'")).rejects.toThrow()
  expect(await session.rows("SELECT extension_name FROM duckdb_extensions() WHERE loaded AND install_mode <> 'STATICALLY_LINKED'")).toEqual(
    [],
  )
  session.close()
})
