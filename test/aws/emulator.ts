import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { pythonPackage } from './python.ts'

/*
 * The emulator in a shell that ends it, its workers and its folder when whoever started it closes the pipe, or is gone: a test that
 * is killed leaves nothing running.
 */
const UNTIL_CLOSED = `
  exec 3<&0
  "$0" -c "$1" < /dev/null 3<&- &
  emulator=$!
  ( cat <&3 > /dev/null; kill $emulator ) &
  wait $emulator
  trap '' TERM
  kill 0
  until rm -rf "$TMPDIR"; do sleep 1; done
  kill -KILL 0`

/*
 * The emulator gives every event a process of its own at once; on a machine of two cores eighty of them only keep each other from ending.
 * On AWS events wait in Lambda's queue. So no more than some of a kind are at work, and the others wait; the platform's do not.
 */
const LAUNCH = `
import os, threading
from ministack import app
from ministack.services import lambda_svc

at_once = int(os.environ.get('REDEYE_AT_ONCE', '0'))
if at_once > 0:
    slots = {'work': threading.Semaphore(at_once), 'decide': threading.Semaphore(at_once)}
    execute = lambda_svc._execute_function_dispatch
    def queued(func, config, *rest):
        slot = slots.get(config.get('FunctionName', '').rsplit('-', 1)[-1])
        if slot is None:
            return execute(func, config, *rest)
        with slot:
            return execute(func, config, *rest)
    lambda_svc._execute_function_dispatch = queued
app.main()`

// Enough that functions which wait for others keep no processor idle.
const AT_ONCE = 8
// The version that what it does and does not do was measured on.
const PACKAGE = 'ministack==1.5.33'
const root = join(import.meta.dirname, '..', '..')

/** A running emulator of AWS, and the environment by which clients find it. */
export interface Emulator {
  endpoint: string
  /** What SDKs and the AWS CLI need: the endpoint, the region and credentials that open nothing elsewhere. */
  env: Record<string, string>
  /** Where all that it keeps lies while it runs. */
  folder: string
  /** Ends it with everything it started, and removes what it left. */
  stop(): Promise<void>
}

export interface EmulatorOptions {
  /** Whether identity policies are enforced. */
  auth?: boolean
  region?: string
  /** How many `decide` are at work at once, and how many `work`; eight each unless given, 0 for any number. */
  atOnce?: number
  /** What functions are to find in their environment beside their own. */
  env?: Record<string, string>
}

/** Starts MiniStack on a free port of loopback; it is installed once, into an environment of its own. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { auth = true, region = 'eu-west-1' } = options
  const python = join(pythonPackage(PACKAGE), 'python')
  const folder = await mkdtemp(join(tmpdir(), 'redeye-emulator-'))
  const port = await freePort()
  const endpoint = `http://127.0.0.1:${port}`
  const env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  }
  const child = spawn('/bin/sh', ['-c', UNTIL_CLOSED, python, LAUNCH], {
    // Not in the folder, which the shell removes.
    cwd: tmpdir(),
    env: {
      PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}`,
      HOME: folder,
      TMPDIR: folder,
      ...env,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      MINISTACK_REGION: region,
      LAMBDA_EXECUTOR: 'local',
      AUTH: String(auth),
      LOG_LEVEL: 'WARNING',
      REDEYE_AT_ONCE: String(options.atOnce ?? AT_ONCE),
      ...options.env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that its workers end with it.
    detached: true,
  })
  const said = tail(child)
  try {
    await ready(endpoint, child, said)
  } catch (error) {
    await end(child, folder)
    throw error
  }
  return {
    endpoint,
    env,
    folder,
    stop: () => end(child, folder),
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

function tail(child: ChildProcess): () => string {
  let text = ''
  const hear = (data: Buffer) => {
    text = (text + data).slice(-4000)
  }
  child.stdout!.on('data', hear)
  child.stderr!.on('data', hear)
  return () => text
}

async function ready(endpoint: string, child: ChildProcess, said: () => string): Promise<void> {
  // A minute: the first start compiles the emulator's modules on a loaded machine.
  for (let tries = 0; tries < 600; tries++) {
    if (isOver(child)) throw new Error(`the emulator ended: ${said()}`)
    const answer = await fetch(`${endpoint}/_ministack/health`).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await wait(100)
  }
  throw new Error(`the emulator does not answer: ${said()}`)
}

const isOver = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (!isOver(child)) {
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.stdin!.end()
    await Promise.race([ended, wait(10_000, undefined, { ref: false })])
  }
  // What is left of its group, if it did not end by itself.
  kill(child, 'SIGKILL')
  // A worker may have been writing while it was removed.
  await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
}

function kill(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-child.pid!, signal)
  } catch {
    // The group is gone.
  }
}
