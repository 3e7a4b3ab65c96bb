import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { runName } from '../core/run.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { AttemptName, Workers } from '../ports/world.ts'

/** What a thread is told and says; the ledger's calls travel so, for only the runtime's own thread writes. */
export type ToThread =
  | { start: AttemptName }
  | { answer: number; value?: unknown; error?: { message: string; code?: string; failure?: string } }
export type FromThread = { done: true } | { ask: number; method: keyof Ledger; args: unknown[] } | { failed: string }

export interface ThreadOptions {
  /** The module a thread runs (thread.ts), and what it is given. */
  module: URL
  data: unknown
  ledger: Ledger
  /** The worker of an attempt ended without having reported: with an exit code, or stopped because it outlived its time. */
  onLost(attempt: AttemptName, how: { failure: 'lost' | 'timeout' | 'resources'; message: string }): Promise<void>
  /** When an attempt's time is over, by the machine's clock; a thread that does not stop by itself is ended a little later. */
  deadlineOf(attempt: AttemptName): Promise<number | undefined>
  onIdle(): void
  /** Attempts at once; twice the cores unless given, for most wait for disks and networks half of their time. */
  threads?: number
}

// What a thread needs to notice its own timeout and say so, before it is ended from outside.
const GRACE_MS = 2000

interface Thread {
  worker: Worker
  attempt: AttemptName | undefined
  watch: NodeJS.Timeout | undefined
}

/** Works off the event loop: an attempt has a thread to itself, so that a heavy one delays no other's start. */
export class ThreadWorkers implements Workers {
  readonly #options: ThreadOptions
  readonly #most: number
  readonly #threads = new Set<Thread>()
  readonly #queue: AttemptName[] = []
  #head = 0
  #closing = false

  constructor(options: ThreadOptions) {
    this.#options = options
    this.#most = options.threads ?? Math.max(2, 2 * availableParallelism())
  }

  get idle(): boolean {
    return this.#head >= this.#queue.length && [...this.#threads].every(t => !t.attempt)
  }

  async start(attempt: AttemptName): Promise<void> {
    this.#queue.push(attempt)
    this.#dispatch()
  }

  async stop(attempt: AttemptName): Promise<void> {
    const name = runName(attempt.task, attempt.partition)
    for (const thread of this.#threads) {
      const its = thread.attempt
      if (!its || runName(its.task, its.partition) !== name || its.generation !== attempt.generation || its.attempt !== attempt.attempt)
        continue
      thread.attempt = undefined
      await this.#end(thread)
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
      thread.attempt = attempt
      thread.worker.postMessage({ start: attempt } satisfies ToThread)
      void this.#watch(thread, attempt)
    }
  }

  #freeThread(): Thread | undefined {
    for (const thread of this.#threads) if (!thread.attempt) return thread
    return this.#threads.size < this.#most ? this.#spawn() : undefined
  }

  #spawn(): Thread {
    const thread: Thread = {
      worker: new Worker(this.#options.module, { workerData: this.#options.data }),
      attempt: undefined,
      watch: undefined,
    }
    this.#threads.add(thread)
    thread.worker.on('message', (message: FromThread) => this.#hear(thread, message))
    thread.worker.on('error', error => this.#lost(thread, error))
    thread.worker.on('exit', code => this.#lost(thread, new Error(`the worker ended with exit code ${code}`)))
    return thread
  }

  async #watch(thread: Thread, attempt: AttemptName): Promise<void> {
    const deadline = await this.#options.deadlineOf(attempt)
    if (deadline === undefined || thread.attempt !== attempt) return
    thread.watch = setTimeout(
      () => {
        thread.attempt = undefined
        void this.#end(thread)
        void this.#options.onLost(attempt, { failure: 'timeout', message: 'the attempt outlived its timeout and was ended' })
      },
      deadline - Date.now() + GRACE_MS,
    )
    thread.watch.unref()
  }

  #hear(thread: Thread, message: FromThread): void {
    if ('ask' in message) void this.#answer(thread, message)
    else {
      clearTimeout(thread.watch)
      const attempt = thread.attempt
      thread.attempt = undefined
      if ('failed' in message && attempt) void this.#options.onLost(attempt, { failure: 'lost', message: message.failed })
      this.#dispatch()
      if (this.idle) this.#options.onIdle()
    }
  }

  async #answer(thread: Thread, { ask, method, args }: Extract<FromThread, { ask: number }>): Promise<void> {
    let answer: ToThread
    try {
      const call = this.#options.ledger[method] as (...a: unknown[]) => Promise<unknown>
      answer = { answer: ask, value: await call.apply(this.#options.ledger, args) }
    } catch (error) {
      const { message, code, failure } = error as { message: string; code?: string; failure?: string }
      answer = { answer: ask, error: { message, ...(code && { code }), ...(failure && { failure }) } }
    }
    thread.worker.postMessage(answer)
  }

  #lost(thread: Thread, error: Error): void {
    if (!this.#threads.delete(thread)) return
    clearTimeout(thread.watch)
    const attempt = thread.attempt
    thread.attempt = undefined
    if (attempt && !this.#closing) {
      const failure = (error as { code?: string }).code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'resources' : 'lost'
      void this.#options.onLost(attempt, { failure, message: error.message })
    }
    this.#dispatch()
  }

  async #end(thread: Thread): Promise<void> {
    this.#threads.delete(thread)
    clearTimeout(thread.watch)
    await thread.worker.terminate()
    this.#dispatch()
    if (this.idle) this.#options.onIdle()
  }

  async close(): Promise<void> {
    this.#closing = true
    await Promise.all([...this.#threads].map(t => t.worker.terminate()))
  }
}
