import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { RunDoc } from '../core/run.ts'
import type { Key, Ledger, Stored } from '../ports/ledger.ts'
import type { AttemptName, Workers } from '../ports/world.ts'

/**
 * What a thread is told and says, several in one message as JSON: waking another thread costs more than what it is told. The
 * ledger's calls travel so, for only the runtime's own thread writes.
 */
export type ToThread =
  | { start: AttemptName; run: Stored<RunDoc> | undefined }
  | { answer: number; value?: unknown; error?: { message: string; code?: string; failure?: string } }
export type FromThread =
  | { done: AttemptName }
  | { ask: number; method: keyof Ledger; args: unknown[] }
  | { failed: AttemptName; how: string }

export interface ThreadOptions {
  /** The module a thread runs (thread.ts), and what it is given. */
  module: URL
  data: unknown
  /** Where threads keep the modules they have compiled. */
  compiled: string
  ledger: Ledger
  /** The run of an attempt, as the ledger has it. */
  runOf(attempt: AttemptName): Promise<Stored<RunDoc> | undefined>
  /** The worker of an attempt ended without having reported: with an exit code, or stopped because it outlived its time. */
  onLost(attempt: AttemptName, how: { failure: 'lost' | 'timeout' | 'resources'; message: string }): Promise<void>
  onIdle(): void
  /** Attempts at once; twice the cores unless given, for most wait for disks and networks half of their time. */
  threads?: number
}

// What a thread needs to notice its own timeout and say so, before it is ended from outside.
const GRACE_MS = 2000

interface Thread {
  worker: Worker
  attempt: AttemptName | undefined
  /** Attempts whose end is in the ledger and whose last words have yet to be said. */
  ending: number
  watch: NodeJS.Timeout | undefined
  outbox: ToThread[]
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
    return this.#head >= this.#queue.length && [...this.#threads].every(t => !t.attempt && t.ending === 0)
  }

  async start(attempt: AttemptName): Promise<void> {
    this.#queue.push(attempt)
    this.#dispatch()
  }

  async stop(attempt: AttemptName): Promise<void> {
    for (const thread of this.#threads) {
      if (!thread.attempt || !isSame(thread.attempt, attempt)) continue
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
      void this.#begin(thread, attempt)
    }
  }

  #freeThread(): Thread | undefined {
    for (const thread of this.#threads) if (!thread.attempt) return thread
    return this.#threads.size < this.#most ? this.#spawn() : undefined
  }

  #spawn(): Thread {
    const { module, data, compiled } = this.#options
    const thread: Thread = {
      // Stripping types and compiling costs each thread more than all the rest of its start.
      worker: new Worker(module, { workerData: data, env: { NODE_COMPILE_CACHE: compiled, ...process.env }, resourceLimits: { maxYoungGenerationSizeMb: 6 } }),
      attempt: undefined,
      ending: 0,
      watch: undefined,
      outbox: [],
    }
    this.#threads.add(thread)
    thread.worker.on('message', (messages: string) => {
      for (const message of JSON.parse(messages) as FromThread[]) this.#hear(thread, message)
    })
    thread.worker.on('error', error => this.#lost(thread, error))
    thread.worker.on('exit', code => this.#lost(thread, new Error(`the worker ended with exit code ${code}`)))
    return thread
  }

  /** Starts an attempt with its run's document, so that the thread need not ask for it. */
  async #begin(thread: Thread, attempt: AttemptName): Promise<void> {
    const run = await this.#options.runOf(attempt)
    if (thread.attempt !== attempt) return
    this.#tell(thread, { start: attempt, run })
    const deadline = run?.doc.deadline
    if (deadline === undefined) return
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

  /** All that a thread is told before the event loop goes on is one message. */
  #tell(thread: Thread, message: ToThread): void {
    thread.outbox.push(message)
    if (thread.outbox.length > 1) return
    process.nextTick(() => {
      thread.worker.postMessage(JSON.stringify(thread.outbox))
      thread.outbox = []
    })
  }

  #hear(thread: Thread, message: FromThread): void {
    if ('ask' in message) {
      void this.#answer(thread, message)
      return
    }
    const attempt = 'done' in message ? message.done : message.failed
    if (thread.attempt && isSame(thread.attempt, attempt)) this.#release(thread)
    else if (thread.ending > 0) thread.ending--
    else return
    if ('failed' in message) void this.#options.onLost(attempt, { failure: 'lost', message: message.how })
    this.#dispatch()
    if (this.idle) this.#options.onIdle()
  }

  #release(thread: Thread): void {
    clearTimeout(thread.watch)
    thread.attempt = undefined
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
    this.#tell(thread, answer)
    // The attempt has written its end: what it still does takes no time, so the next one travels with the answer.
    if (method !== 'put' || !('value' in answer) || answer.value !== true || !thread.attempt) return
    if (!endsRun(args[0] as Key, args[1] as RunDoc, thread.attempt)) return
    this.#release(thread)
    thread.ending++
    this.#dispatch()
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
    if (this.idle) this.#options.onIdle()
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

const isSame = (a: AttemptName, b: AttemptName): boolean =>
  a.partition === b.partition && a.task === b.task && a.generation === b.generation && a.attempt === b.attempt

function endsRun(key: Key, doc: RunDoc, { dataset, partition }: AttemptName): boolean {
  return key.sk === partition && key.pk === `run/${dataset}` && doc.state !== 'running'
}
