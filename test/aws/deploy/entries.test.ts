import { join } from 'node:path'
import { workEntry } from '../../../shared/aws/deploy/entries.ts'
import { taskContract } from '../../../shared/task/contract.ts'
import { loadProject } from '../../../shared/task/project.ts'

const { services } = await loadProject(join(import.meta.dirname, '..', '..', '..'))
const taskOf = (name: string) => services.find(s => s.name === name)!.task
const entryOf = (name: string) => workEntry(taskOf(name), 'handler.ts')
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
  expect(Object.keys(carried(await workEntry({ ...task, engine: 'duckdb' }, 'handler.ts')))).toEqual(['sql', 'checks', 'task'])
  expect(Object.keys(carried(await workEntry({ ...task, engine: 'spark' }, 'handler.ts')))).toEqual(['sparkSql', 'task'])
})
