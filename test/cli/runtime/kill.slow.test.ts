import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { withWarehouse } from '../../../shared/targets/warehouse-file.ts'
import { parsed, runsIn, type Shop, shop } from './shop.ts'

const first = '2001-02-01'
const fortnight = ['request', 'read-orders', '--from', first, '--to', '2001-02-14', '--id', 'fortnight']
const datasets = { orders: 'order_id', day_totals: '_partition', customers: 'customer', week_totals: '_partition' }

/** All rows of every dataset, and of the warehouse's table: what the nights have come to. */
async function outputs({ redeye, folder }: Shop): Promise<Record<string, unknown[]>> {
  const found: Record<string, unknown[]> = {}
  for (const [name, order] of Object.entries(datasets)) {
    const { exit, out, err } = await redeye('query', '--json', '--limit', '10000', `select * from ${name} order by _partition, ${order}`)
    expect([exit, err]).toEqual([0, ''])
    found[name] = parsed<unknown[]>(out)
  }
  found.warehouse = await withWarehouse(
    join(folder, 'warehouse.duckdb'),
    ms => sleep(ms),
    async db => (await db.runAndReadAll('select * from day_totals order by _partition')).getRowsJson(),
    'READ_ONLY',
  )
  return found
}

const published = (folder: string) => runsIn(folder).filter(r => r.state !== 'waiting')

test('killed at any moment and begun again, a fortnight comes to the same, each run published once', async () => {
  const undisturbed = shop()
  expect((await undisturbed.redeye(...fortnight)).exit).toBe(0)

  const killed = shop()
  // From before the ledger is there to after the last run has ended.
  const moments = Array.from({ length: 14 }, (_, n) => 300 + n * 130)
  for (const [n, ms] of moments.entries()) {
    const night = killed.start(...fortnight)
    await sleep(ms)
    night.child.kill('SIGKILL')
    expect(['SIGKILL', 0]).toContain(await night.ended)
    // What an attempt left half done must not matter, nor may what a night names twice.
    if (n === 3) {
      const other = killed.start('night', first)
      await sleep(1200)
      other.child.kill('SIGKILL')
      await other.ended
    }
  }
  expect((await killed.redeye(...fortnight)).exit).toBe(0)
  expect((await killed.redeye('night', first)).exit).toBe(0)

  expect(await outputs(killed)).toEqual(await outputs(undisturbed))
  expect(published(killed.folder)).toEqual(published(undisturbed.folder))
  expect(published(killed.folder).every(r => r.state === 'succeeded' && r.generation === 1 && r.published === 1)).toBe(true)
}, 240_000)
