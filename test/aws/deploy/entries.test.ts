import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workEntry } from '../../../shared/aws/deploy/entries.ts'
import { sqlFile, taskContract } from '../../../shared/task/contract.ts'
import { loadProject } from '../../../shared/task/project.ts'

const { services } = await loadProject(join(import.meta.dirname, '..', '..', '..'))
const taskOf = (name: string) => services.find(s => s.name === name)!.task
const entryOf = async (name: string) => (await workEntry(taskOf(name), 'handler.ts')).entry
const carried = (entry: string) => JSON.parse(/provideBuilt\((.*)\)$/m.exec(entry)![1]!)

test('work carries its SQL and that of its custom checks, translated: it has no parser', async () => {
  const entry = await entryOf('web-sessions')
  const { sql, checks } = carried(entry)
  expect(sql.duckdb).toContain('requests')
  expect(checks).toEqual({
    'select * from sessions where ended_at < started_at': { duckdb: expect.stringContaining('ended_at'), parameters: [] },
  })
})

test('what has no SQL carries none, but how it is retried, and the hash of its sources', async () => {
  const { retry, hash } = taskContract(taskOf('flown-flights'), 0)
  expect(carried(await entryOf('flown-flights'))).toEqual({ task: { task: 'flown-flights', retry, hash } })
})

test('SQL that leaves the engine open is carried for both', async () => {
  const { sql, sparkSql } = carried(await entryOf('web-sessions'))
  expect(sql.duckdb).toBeDefined()
  expect(sparkSql).toEqual({
    statement: expect.stringContaining('requests'),
    parameters: sql.parameters,
    checks: { 'select * from sessions where ended_at < started_at': expect.stringContaining('ended_at') },
  })
})

test('SQL of one engine is carried for that alone', async () => {
  const task = taskOf('web-sessions')
  const duckdb = await workEntry({ ...task, engine: 'duckdb' }, 'handler.ts')
  const spark = await workEntry({ ...task, engine: 'spark' }, 'handler.ts')
  expect([Object.keys(carried(duckdb.entry)), duckdb.onDuckdb]).toEqual([['sql', 'checks', 'task'], true])
  expect([Object.keys(carried(spark.entry)), spark.onDuckdb]).toEqual([['sparkSql', 'task'], false])
})

test('SQL that only Spark can run needs no DuckDB, though the task says nothing of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'redeye-entry-'))
  const open = taskOf('web-sessions')
  const sql = readFileSync(sqlFile(open)!, 'utf8')
  writeFileSync(join(folder, 'web-sessions.sql'), sql.replace('count(*)', "count(*) + length(xpath_string('<a/>', 'a'))"))
  const task = { ...open, declared: { ...open.declared, file: join(folder, 'task.ts') } }
  expect([(await workEntry(open, 'handler.ts')).onDuckdb, (await workEntry(task, 'handler.ts')).onDuckdb]).toEqual([true, false])
  rmSync(folder, { recursive: true })
})
