import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { answers, nights, nightsAfter, nightsBefore, prepareWorld, theNight, type World } from '../../demo/demo.ts'
import { runScript } from '../../demo/script.ts'

let folder: string
let world: World
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'))
  world = await prepareWorld(folder)
  // Half a million flights go into a database here.
}, 60_000)
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true })
})

const pathOf = (setting: string) => world.settings[setting]!.replace(/^\w+:/, '')
function rowsOf(setting: string, sql: string): Record<string, unknown>[] {
  const db = new DatabaseSync(pathOf(setting), { readOnly: true })
  try {
    return db
      .prepare(sql)
      .all()
      .map(row => ({ ...row }))
  } finally {
    db.close()
  }
}

test('the nights are those of February, in order, with the fourteenth in their midst', () => {
  expect([...nightsBefore, theNight, ...nightsAfter]).toEqual(nights)
  expect([nights[0], theNight, nights.at(-1)]).toEqual(['2001-02-01', '2001-02-14', '2001-02-28'])
})

test('the operations database holds the real flights', () => {
  expect(
    rowsOf('OPERATIONS_DB', `select count(*) as flights, sum(distance_mi) as miles from flights where flight_date = '2001-02-14'`),
  ).toEqual([{ flights: 16359, miles: 11918806 }])
  expect(rowsOf('OPERATIONS_DB', 'select min(flight_date) as first, max(flight_date) as last from flights')).toEqual([
    { first: '2001-01-25', last: '2001-03-01' },
  ])
})

test('what was built is built once', async () => {
  const built = () =>
    readdirSync(folder)
      .filter(name => name.startsWith('outside'))
      .map(name => statSync(join(folder, name)).ino)
  const before = built()
  const again = await prepareWorld(folder)
  await again.close()
  expect(built()).toEqual(before)
})

test('a script, written by hand, gets through nights with it and answers the questions', async () => {
  await runScript(world.settings, join(folder, 'script'), ['2001-02-01', '2001-02-02', '2001-02-03', '2001-02-04'])
  const [routes, waits, strikes] = await answers(world.settings.WAREHOUSE!, '2001-02-04')
  expect(routes!.columns).toEqual(['route', 'on_time_percent', 'flights'])
  expect(routes!.rows[0]).toEqual(['PHL-TPA', 31, 32])
  expect(waits!.rows).toHaveLength(5)
  expect(strikes!.rows.length).toBeGreaterThan(2)
  expect(rowsOf('MARKETING_QUEUE', 'select count(*) > 5000 as many from messages')).toEqual([{ many: 1 }])
}, 30_000)
