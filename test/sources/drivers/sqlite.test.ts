import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { driver } from '../../../shared/sources/drivers/sqlite.ts'
import { temporaryFolder } from '../reading.ts'
import { sqlDriverSuite } from './sql-driver-suite.ts'

const folder = temporaryFolder()

sqlDriverSuite('sqlite', driver, () => {
  const file = join(folder, 'trial.db')
  const database = new DatabaseSync(file)
  database.exec('pragma journal_mode = wal')
  return { url: `sqlite:${file}`, execute: sql => database.exec(sql), close: () => database.close() }
})

test('a file may be named with two slashes more, as other URLs are', async () => {
  const file = join(folder, 'slashes.db')
  new DatabaseSync(file).close()
  const session = await driver.connect(`sqlite://${file}`, { setting: 'DB', signal: new AbortController().signal })
  await session.close()
})
