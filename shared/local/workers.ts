import { availableParallelism } from 'node:os'
import { RENEW_MS } from '../core/attempt.ts'
import type { RunDoc } from '../core/run.ts'
import type { Ledger, Stored } from '../ports/ledger.ts'
import type { AttemptName, Workers } from '../ports/workers.ts'
import type { FromThread, ToThread } from './thread-messages.ts'
import { QUICK_MS, WorkThread } from './work-thread.ts'

export interface ThreadOptions {
  /** The module a thread runs (thread.ts), and what it is given. */
  module: URL
  data: object
  /** Where threads keep the modules they have compiled. */
  compiled: string
  ledger: Ledger
  /** The run of an attempt, as the ledger has it. */
  runOf(attempt: AttemptName): Promise<Stored<RunDoc> | undefined>
  /** Says that an attempt which waits for a thread is not lost. */
  renew(attempt: AttemptName): Promise<unknown>
  /** The worker of an attempt ended without having reported: with an exit code, or stopped because it outlived its time. */
  onLost(attempt: AttemptName, how: { failure: 'lost' | 'timeout' | 'resources'; message: string }): Promise<void>
  onIdle(): void
  /** Attempts at once; twice the cores unless given, for most wait for disks and networks half of their time. */
  threads?: number
}

// What a thread needs to notice its own timeout and say so, before it is ended from outside.
const GRACE_MS = 2000

/** Works off the event loop: an attempt has a thread to itself, so that a heavy one delays no other's start. */
export class ThreadWorkers implements Workers {
  readonly #options: ThreadOptions
  readonly #most: number
  readonly #threads = new Set<WorkThread>()
  #queue: AttemptName[] = []
  #head = 0
  #closing = false
  #looking: NodeJS.Timeout | undefined
  readonly #renewing: NodeJS.Timeout

  constructor(options: ThreadOptions) {
    this.#options = options
    this.#most = options.threads ?? Math.max(2, 2 * availableParallelism())
    this.#renewing = setInterval(() => void this.#renew(), RENEW_MS).unref()
  }

  get idle(): boolean {
    return this.#head >= this.#queue.length && [...this.#threads].every(t => t.idle)
  }

  async start(attempt: AttemptName): Promise<void> {
    this.#queue.push(attempt)
    this.#dispatch()
  }

  /** One that waits here is not begun: its thread sees that the run is no longer its own. */
  async stop(attempt: AttemptName): Promise<void> {
    for (const thread of this.#threads) {
      if (thread.takeBackOne(attempt)) this.#settle()
      else if (thread.isAt(attempt)) {
        thread.done(attempt)
        await this.#end(thread)
      }
    }
  }

  #dispatch(): void {
    while (!this.#closing && this.#head < this.#queue.length) {
      const thread = this.#freeThread()
      if (!thread) return
      const attempt = this.#queue[this.#head++]!
      if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
        this.#queue.splice(0, this.#head)
        this.#head = 0
      }
      thread.reserve(attempt)
      if (thread.hasAhead) this.#look()
      void this.#options.runOf(attempt).then(run => thread.start(attempt, run))
    }
  }

  #freeThread(): WorkThread | undefined {
    for (const thread of this.#threads) if (thread.free) return thread
    if (this.#threads.size < this.#most) return this.#spawn()
    for (const thread of this.#threads) if (thread.takesAhead) return thread
    return undefined
  }

  /** What was sent ahead to a thread that turned out to be at long work is for the others. */
  #look(): void {
    this.#looking ??= setTimeout(() => {
      this.#looking = undefined
      for (const thread of this.#threads) if (thread.hasAhead && thread.isSlow) this.#requeue(thread.takeBack())
      if ([...this.#threads].some(t => t.hasAhead)) this.#look()
      this.#dispatch()
    }, QUICK_MS)
  }

  /** Attempts that were sent and not begun go before all others. */
  #requeue(attempts: AttemptName[]): void {
    this.#queue = [...attempts, ...this.#queue.slice(this.#head)]
    this.#head = 0
  }

  #spawn(): WorkThread {
    const { module, data, compiled } = this.#options
    const thread = new WorkThread(module, data, compiled)
    this.#threads.add(thread)
    thread.listen({ message: message => this.#hear(thread, message), end: error => this.#lost(thread, error) })
    let watch: NodeJS.Timeout | undefined
    thread.onHead = (head, timeoutMs) => {
      clearTimeout(watch)
      watch = undefined
      if (!head || timeoutMs === undefined) return
      watch = setTimeout(() => void this.#overdue(thread, head), timeoutMs + GRACE_MS).unref()
    }
    return thread
  }

  async #overdue(thread: WorkThread, attempt: AttemptName): Promise<void> {
    thread.done(attempt)
    void this.#options.onLost(attempt, { failure: 'timeout', message: 'the attempt outlived its timeout and was ended' })
    await this.#end(thread)
  }

  #hear(thread: WorkThread, message: Exclude<FromThread, { left: true }>): void {
    if ('ask' in message) {
      if (message.ends) {
        thread.ends(message.ends.attempt, message.ends.tookMs)
        this.#dispatch()
      }
      void this.#answer(thread, message)
      return
    }
    if ('passed' in message) {
      thread.passed(message.passed)
      return
    }
    const attempt = 'done' in message ? message.done : message.failed
    if (!thread.done(attempt)) return
    if ('failed' in message) void this.#options.onLost(attempt, { failure: 'lost', message: message.how })
    this.#settle()
  }

  #settle(): void {
    this.#dispatch()
    if (this.idle) this.#options.onIdle()
  }

  async #answer(thread: WorkThread, { ask, method, args }: Extract<FromThread, { ask: number }>): Promise<void> {
    let answer: ToThread
    try {
      const call = this.#options.ledger[method] as (...a: unknown[]) => Promise<unknown>
      answer = { answer: ask, value: await call.apply(this.#options.ledger, args) }
    } catch (error) {
      const { message, code, failure } = error as { message: string; code?: string; failure?: string }
      answer = { answer: ask, error: { message, ...(code && { code }), ...(failure && { failure }) } }
    }
    thread.tell(answer)
  }

  #lost(thread: WorkThread, error: Error): void {
    if (!this.#threads.delete(thread) || this.#closing) return
    const failure = (error as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'resources' : 'lost'
    this.#bury(thread, failure, error.message)
  }

  async #end(thread: WorkThread): Promise<void> {
    if (!this.#threads.delete(thread)) return
    await thread.terminate()
    this.#bury(thread, 'lost', 'the worker was ended with another attempt of its thread')
  }

  /** What a thread that is no more had begun is lost; if it had ended, the ledger knows better. The rest is for other threads. */
  #bury(thread: WorkThread, failure: 'lost' | 'resources', message: string): void {
    this.#requeue(thread.takeBack())
    for (const attempt of thread.begun()) {
      thread.done(attempt)
      void this.#options.onLost(attempt, { failure, message })
    }
    thread.onHead(undefined, undefined)
    this.#settle()
  }

  async #renew(): Promise<void> {
    for (const attempt of this.#queue.slice(this.#head)) await this.#options.renew(attempt)
  }

  /** `dying`: the process is about to end, and all threads with it. */
  async close(dying = false): Promise<void> {
    this.#closing = true
    clearInterval(this.#renewing)
    clearTimeout(this.#looking)
    await Promise.all([...this.#threads].map(t => (dying ? t.leave('process') : t.terminate())))
  }
}
