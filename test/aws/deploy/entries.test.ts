import { join } from 'node:path'
import { workEntry } from '../../../shared/aws/deploy/entries.ts'
import { loadProject } from '../../../shared/task/project.ts'

const { services } = await loadProject(join(import.meta.dirname, '..', '..', '..'))
const entryOf = (name: string) => workEntry(services.find(s => s.name === name)!.task, 'handler.ts')

test('work carries its SQL and that of its custom checks, translated: it has no parser', async () => {
  const entry = await entryOf('web-sessions')
  const { sql, checks } = JSON.parse(/provideSql\((.*)\)$/m.exec(entry)![1]!)
  expect(sql.duckdb).toContain('requests')
  expect(checks).toEqual({
    'select * from sessions where ended_at < started_at': { duckdb: expect.stringContaining('ended_at'), parameters: [] },
  })
})

test('what has no SQL carries none', async () => {
  expect(await entryOf('flown-flights')).toBe("export { work as handler } from './handler.ts'")
})
