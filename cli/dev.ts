import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { RedeyeError } from '../shared/core/errors.ts'
import { Changes } from './changes.ts'
import { exits } from './exits.ts'
import { interruptible } from './interrupt.ts'
import { paint, say } from './output.ts'
import { isHeld } from './session.ts'
import { stateOf } from './state-of.ts'

export interface DevOptions {
  state?: string
}

// What a runtime needs to close, before it is ended from outside; within what this process itself has when it is interrupted (END_MS).
const CLOSE_MS = 4000

/**
 * Keeps a runtime up in a process of its own and starts it anew, on the same state, when services or datasets change and are
 * sound; what was under way is finished by the next one. While they are not, the one that runs goes on with what it has.
 */
export async function dev(root: string, options: DevOptions): Promise<number> {
  if (isHeld(stateOf(root, options.state)))
    throw new RedeyeError('ALREADY_RUNNING', `another runtime holds ${stateOf(root, options.state)}`, {
      remedy: 'stop it, or name another folder with --state',
    })
  const host = new Host(root, options)
  const changes = new Changes(root, () => host.change())
  const close = async () => {
    changes.stop()
    await host.stop()
  }
  return interruptible(close, async () => {
    await host.change()
    changes.start()
    say(paint('dim', 'Changes of services and datasets are taken up as they are saved. Ctrl-C ends it.'))
    return new Promise(() => {})
  })
}

/** The process that hosts the runtime, and what replaces it. */
class Host {
  readonly #root: string
  readonly #options: DevOptions
  #child: ChildProcess | undefined
  #changing: Promise<void> | undefined
  #again = false
  #stopping = false

  constructor(root: string, options: DevOptions) {
    this.#root = root
    this.#options = options
  }

  /** Takes up what the project is now, one change at a time. */
  async change(): Promise<void> {
    this.#again = true
    this.#changing ??= this.#takeUp().finally(() => {
      this.#changing = undefined
    })
    return this.#changing
  }

  async #takeUp(): Promise<void> {
    while (this.#again && !this.#stopping) {
      this.#again = false
      if (!(await this.#isSound())) {
        say(
          paint(
            'yellow',
            this.#child ? 'What runs goes on; a task that begins meanwhile may read what is broken.' : 'Nothing runs until this is mended.',
          ),
        )
        continue
      }
      const again = this.#child !== undefined
      await this.#endChild()
      if (this.#stopping) return
      this.#start()
      if (again) say(paint('green', 'Changes are taken up.'))
    }
  }

  /** Checks in a process of its own: a module that was loaded once is never read again. */
  async #isSound(): Promise<boolean> {
    const check = redeye(['-C', this.#root, 'check'], ['ignore', 'pipe', 'inherit'])
    let said = ''
    check.stdout!.on('data', chunk => {
      said += chunk
    })
    const exit = await exitOf(check)
    if (exit !== exits.ok) say(said.trimEnd())
    return exit === exits.ok
  }

  #start(): void {
    const state = this.#options.state === undefined ? [] : ['--state', this.#options.state]
    const child = redeye(['-C', this.#root, 'dev', '--hosted', ...state], ['ignore', 'inherit', 'inherit', 'ipc'])
    this.#child = child
    child.on('exit', code => {
      if (this.#child !== child) return
      this.#child = undefined
      // What it said is on the terminal.
      if (!this.#stopping) say(paint('red', `The runtime has ended with exit code ${code}; the next change starts it again.`))
    })
  }

  async #endChild(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = exitOf(child)
    // It ends by itself when nobody listens to it any more, as it also does when this process dies.
    if (child.connected) child.disconnect()
    const late = setTimeout(() => child.kill('SIGKILL'), CLOSE_MS)
    await gone
    clearTimeout(late)
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#endChild()
  }
}

function redeye(args: string[], stdio: ('ignore' | 'inherit' | 'pipe' | 'ipc')[]): ChildProcess {
  // Of its own group where the terminal's Ctrl-C is concerned: the supervisor hears it, and ends its child in order.
  return spawn(process.execPath, [join(import.meta.dirname, 'redeye.ts'), ...args], { stdio, detached: true })
}

const exitOf = (child: ChildProcess): Promise<number> =>
  new Promise(resolve => {
    child.once('exit', code => resolve(code ?? exits.no))
    child.once('error', () => resolve(exits.no))
  })
