import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { airportsKey, crewDeskToken, type Servers, startServers } from '../../demo/servers.ts'

let folder: string
let servers: Servers
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'servers-'))
  const files = { operations: '', logs: '', airports: join(folder, 'airports.json'), strikes: join(folder, 'strikes.json') }
  const airports = Array.from({ length: 1200 }, (_, n) => ({
    iata: `A${n}`,
    name: 'x',
    city: null,
    state: null,
    country: 'USA',
    latitude: 1,
    longitude: 2,
  }))
  writeFileSync(files.airports, JSON.stringify(airports))
  const strike = { operator: 'A & B <AIR>', aircraft: 'A-320', species: 'Coyote', size: 'Large', phase: 'Climb', damage: 'None', cost: 0 }
  const strikes = [
    { id: 7, date: '2001-02-14', airport: 'SFO', ...strike, speed: null },
    { id: 8, date: '2001-02-15', airport: 'JFK', ...strike, speed: 130 },
  ]
  writeFileSync(files.strikes, JSON.stringify(strikes))
  servers = await startServers(files, join(folder, 'crew-desk.db'))
})
afterAll(async () => {
  await servers.close()
  rmSync(folder, { recursive: true })
})

describe('the airports API', () => {
  const page = (date: string, n: number, key = airportsKey) =>
    fetch(`${servers.airports}/airports?date=${date}&page=${n}`, { headers: { 'x-api-key': key } })

  test('hands out all airports, page by page', async () => {
    const pages = await Promise.all(
      [1, 2, 3].map(async n => (await (await page('2001-02-13', n)).json()) as { pages: number; airports: unknown[] }),
    )
    expect(pages.map(({ pages, airports }) => [pages, airports.length])).toEqual([
      [3, 500],
      [3, 500],
      [3, 200],
    ])
  })

  test('is too busy once, on some days, and says for how long', async () => {
    const refused = await page('2001-02-14', 3)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect((await page('2001-02-14', 3)).status).toBe(200)
  })

  test('wants a key', async () => {
    expect((await page('2001-02-14', 1, 'wrong')).status).toBe(401)
  })
})

test('the strikes API tells of one day, in XML that needs escapes', async () => {
  const answer = await fetch(`${servers.strikes}/strikes?date=2001-02-14`)
  expect(await answer.text()).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<strikes date="2001-02-14">
  <strike id="7"><date>2001-02-14</date><airport>SFO</airport><operator>A &amp; B &lt;AIR&gt;</operator><aircraft>A-320</aircraft><species>Coyote</species><size>Large</size><phase>Climb</phase><damage>None</damage><cost>0</cost><speed/></strike>
</strikes>
`)
})

describe('the crew desk', () => {
  const deliver = (key: string, fence: string, token = crewDeskToken) =>
    fetch(`${servers.crewDesk}/late-routes`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': key, 'redeye-fence': fence },
      body: '[{"route":"SFO-JFK"}]',
    })

  test('takes a delivery once a key', async () => {
    expect((await deliver('late/2001-02-14/v1/g1.a1/b0', '1.1')).status).toBe(201)
    expect((await deliver('late/2001-02-14/v1/g1.a1/b0', '1.2')).status).toBe(200)
    const taken = await fetch(`${servers.crewDesk}/late-routes`, { headers: { authorization: `Bearer ${crewDeskToken}` } })
    expect(await taken.json()).toEqual([{ idempotency_key: 'late/2001-02-14/v1/g1.a1/b0', routes: '[{"route":"SFO-JFK"}]' }])
  })

  test('refuses whom a newer attempt has taken over from', async () => {
    await deliver('late/2001-02-15/v2/g2.a1/b0', '2.1')
    expect((await deliver('late/2001-02-15/v1/g1.a3/b0', '1.3')).status).toBe(412)
    expect((await deliver('late/2001-02-16/v1/g1.a1/b0', '1.1')).status).toBe(201)
  })

  test('wants a token, a key and a fence', async () => {
    expect((await deliver('late/2001-02-14/v1/g1.a1/b0', '1.1', 'wrong')).status).toBe(401)
    expect((await deliver('', '1.1')).status).toBe(400)
    expect((await deliver('late/2001-02-14/v1/g1.a1/b0', 'soon')).status).toBe(400)
  })
})
