import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LocalBus, leaveEvents } from '../../shared/local/bus.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import { Routes } from '../../shared/local/routes.ts'
import { busConformance, type OpenBus } from './bus-conformance.ts'

const folder = mkdtempSync(join(tmpdir(), 'redeye-bus-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
let files = 0

const open: OpenBus = async (patterns, deliver) => {
  const path = join(folder, `${files++}.db`)
  const routes = new Routes()
  for (const [target, its] of Object.entries(patterns)) routes.add(target, its)
  const start = () => {
    const ledger = new SqliteLedger({ path, filter: () => false })
    const bus = new LocalBus(ledger, routes, deliver, async () => {})
    bus.start()
    return { ledger, bus }
  }
  let now = start()
  const stop = () => {
    now.bus.stop()
    now.ledger.close()
  }
  return {
    bus: { publish: events => now.bus.publish(events), set: (at, event) => now.bus.set(at, event), put: letter => now.bus.put(letter) },
    letters: async () => {
      const rows = now.ledger.db.prepare('SELECT target, reason, event FROM dead_letters ORDER BY seq').all() as {
        target: string
        reason: string
        event: string
      }[]
      return rows.map(r => ({ function: r.target, reason: r.reason, event: JSON.parse(r.event) }))
    },
    restart: async () => {
      stop()
      now = start()
    },
    close: async () => stop(),
  }
}

busConformance('SQLite in a file', open)

test('another process leaves events, and the one that runs delivers them', async () => {
  const path = join(folder, 'inbox.db')
  const ledger = new SqliteLedger({ path, filter: () => false })
  const routes = new Routes()
  routes.add('nightly', [{ source: ['redeye'], 'detail-type': ['NightStarted'] }])
  const heard = Promise.withResolvers<string>()
  const bus = new LocalBus(
    ledger,
    routes,
    async (_, event) => heard.resolve((event.detail as { date: string }).date),
    async () => {},
  )
  bus.start()
  const other = new SqliteLedger({ path, filter: () => false })
  leaveEvents(other, [{ type: 'NightStarted', detail: { date: '2001-02-14' } }])
  other.close()
  expect(await heard.promise).toBe('2001-02-14')
  bus.stop()
  ledger.close()
})
