import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadProject } from '../../../shared/task/project.ts'
import { parsed, startRedeye } from './shop.ts'

const root = join(import.meta.dirname, '../../..')
let state: string
beforeAll(() => {
  state = mkdtempSync(join(tmpdir(), 'redeye-demo-'))
})
afterAll(() => rmSync(state, { recursive: true, force: true }))

async function redeye(...args: string[]) {
  const started = startRedeye(root, [...args, '--state', state])
  return { exit: await started.ended, ...started.text }
}

type Line = { task: string; partition: string; generation: number; state: string; rows: number | null; night?: string }

test('the demo runs February, and every run of every kind of task succeeds, once', async () => {
  const { exit, out, err } = await redeye('demo', '--json')
  expect([exit, err]).toEqual([0, ''])
  const lines = out
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line) as Line)
  expect(lines.at(-1)).toEqual({ night: '2001-02-14', succeeded: 14, failed: 0, seconds: expect.any(Number) })
  const runs = lines.slice(0, -1)
  expect(runs.filter(r => r.state !== 'succeeded')).toEqual([])
  expect(new Set(runs.map(r => `${r.task}@${r.partition}`)).size).toBe(runs.length)
  const { services } = await loadProject(root)
  // Every task made something; a week and the month have closed.
  expect([...new Set(runs.map(r => r.task))].sort()).toEqual(services.map(s => s.name).sort())
  const daily = runs.filter(r => r.task === 'flown-flights')
  expect(daily).toHaveLength(28)
  expect(runs.find(r => r.task === 'flown-flights' && r.partition === '2001-02-14')?.rows).toBe(16359)
}, 240_000)

test('what it leaves can be looked at, and run again', async () => {
  const { out } = await redeye('status', '--json')
  expect(parsed<{ tasks: object[] }>(out).tasks).toContainEqual({ task: 'flown-flights', counts: { succeeded: 28 }, newest: '2001-02-28' })
  expect((await redeye('logs', 'flown-flights@2001-02-14')).out).toContain('published')
  const again = await redeye('run', 'route-punctuality', '--partition', '2001-02-14', '--json')
  expect(parsed(again.out)).toMatchObject({ state: 'succeeded', generation: 2 })
}, 60_000)

test('kept, it begins nothing anew, and ends with the answers and what to try next', async () => {
  const { exit, out } = await redeye('demo', '--keep')
  expect(exit).toBe(0)
  expect(out).toContain('  14 succeeded in ')
  expect(out).toMatch(/Which routes kept to the plan worst[\s\S]*DTW-LAX +12 +33\n/)
  expect(out).toContain(`redeye status --night 2001-02-14 --state ${state}`)
}, 60_000)

test('a ledger that no demo made is left alone', async () => {
  const other = join(state, 'other')
  mkdirSync(other)
  writeFileSync(join(other, 'ledger.db'), '')
  const started = startRedeye(root, ['demo', '--state', other])
  expect(await started.ended).toBe(2)
  expect(started.text.err).toContain('has a ledger that no demo made')
  expect(existsSync(join(other, 'ledger.db'))).toBe(true)
})
