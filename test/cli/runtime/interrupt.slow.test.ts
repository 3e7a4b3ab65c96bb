import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { holdState } from '../../../shared/local/state.ts'
import { runsIn, shop } from './shop.ts'

// Twenty orders a day, each with each of each: nobody lives to see it end.
const endless = `select cast(count(*) as int) as orders, sum(a.cents + l.cents) as cents
from orders as a, orders as b, orders as c, orders as d, orders as e, orders as f, orders as g, orders as h, orders as i, orders as j, orders as k, orders as l
`

const stateOf = (folder: string, run: string) => runsIn(folder).find(r => r.run === run)?.state

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(50)
}

test('Ctrl-C ends a request amid a statement that would not end, says what becomes of it, and another command can cancel the run', async () => {
  const { start, redeye, folder } = shop(1, { 'services/sum-days/sum-days.sql': endless })
  await redeye('run', 'read-orders', '--partition', '2001-02-01')
  const request = start('request', 'sum-days', '--from', '2001-02-01', '--id', 'sums', '--no-downstream')
  await until(() => stateOf(folder, 'sum-days@2001-02-01') === 'running')
  // Its thread has begun the statement, or is about to.
  await sleep(1000)
  request.child.kill('SIGINT')
  expect(await request.ended).toBe('SIGINT')
  expect(request.text.err).toBe('The runs of sums are kept: the next runtime (redeye dev, or any command that works) goes on with them.\n')
  expect(stateOf(folder, 'sum-days@2001-02-01')).toBe('running')
  expect(await redeye('cancel', 'sum-days@2001-02-01')).toMatchObject({ exit: 0, out: 'sum-days@2001-02-01 is cancelled.\n' })
})

/** Has a thread in a native call that nothing interrupts, and ends in order only when that does. */
const stuck = `
import { Worker } from 'node:worker_threads'
import { interruptible } from '${join(import.meta.dirname, '../../../cli/interrupt.ts')}'
const worker = new Worker(new URL('data:text/javascript,import { execFileSync } from "node:child_process"; execFileSync("sleep", ["45"], { stdio: "ignore" })'))
await interruptible(async () => void (await worker.terminate()), async () => {
  worker.once('online', () => setTimeout(() => console.log('at work'), 500))
  return new Promise(() => {})
})`

function startStuck() {
  const child = spawn(process.execPath, ['--input-type=module', '-e', stuck], { stdio: ['ignore', 'pipe', 'inherit'] })
  return { child, atWork: once(child.stdout, 'data'), ended: once(child, 'exit') }
}

test('what does not end in order is ended by a second Ctrl-C', async () => {
  const { child, atWork, ended } = startStuck()
  await atWork
  child.kill('SIGINT')
  await sleep(200)
  child.kill('SIGINT')
  expect(await ended).toEqual([null, 'SIGINT'])
}, 30_000)

test('what does not end in order is ended by and by, without a second signal', async () => {
  const { child, atWork, ended } = startStuck()
  await atWork
  child.kill('SIGTERM')
  expect(await ended).toEqual([null, 'SIGTERM'])
}, 30_000)

test('a command that another process’s runtime does not heed says which process it waits for', async () => {
  const { start, redeye, folder } = shop(1)
  await redeye('run', 'read-orders', '--partition', '2001-02-01')
  const held = holdState(join(folder, '.redeye'))
  const resume = start('resume', 'sum-days')
  await resume.said(/waiting for the runtime/)
  expect(resume.text.err).toBe(
    `waiting for the runtime of process ${process.pid}, which holds ${join(folder, '.redeye')} and has not taken this up yet\n`,
  )
  resume.child.kill('SIGTERM')
  expect(await resume.ended).toBe('SIGTERM')
  held.release()
})
