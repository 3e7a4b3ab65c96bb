import { Worker } from 'node:worker_threads'
import type { RunDoc } from '../core/run.ts'
import type { Stored } from '../ports/ledger.ts'
import type { AttemptName } from '../ports/workers.ts'
import { type FromThread, isSame, type Slots, slotStates, type ToThread } from './thread-messages.ts'

// Attempts of tasks that take no time are sent this many ahead: waking a thread takes longer than they do.
const AHEAD = 8
// One that takes longer than this is no such task: nothing is sent ahead behind it, and what was is taken back.
export const QUICK_MS = 5
// What was taken back keeps its slot until the thread has passed it.
const SLOTS = 4 * AHEAD
// Work's own heap: data is DuckDB's, outside of it, and streams; a nursery of the usual size would add up over the threads.
const YOUNG_GENERATION_MB = 6
// DuckDB heeds an interrupt within a few hundredths of a second, but on a busy machine takes seconds to load, amid which no thread can
// be ended either. Longer than an interrupted command waits (END_MS), which then ends whole. What listens to nothing is ended without more ado.
const LEAVE_MS = 8000

interface Sent {
  attempt: AttemptName
  slot: number
  /** Whether the thread has been told. */
  told: boolean
  /** What the attempt may take, in milliseconds; undefined without a limit. */
  timeoutMs?: number | undefined
}

/** The runtime's side of one thread: which attempts it has, and what it is told. */
export class WorkThread {
  readonly #worker: Worker
  readonly #slots: Slots = {
    states: new Int32Array(new SharedArrayBuffer(4 * SLOTS)),
    begunAt: new Float64Array(new SharedArrayBuffer(8 * SLOTS)),
  }
  /** Begun or to be begun, in order. */
  readonly #sent: Sent[] = []
  /** Those whose last write is under way. */
  readonly #ending: AttemptName[] = []
  #outbox: ToThread[] = []
  #urgent = false
  #quick = false
  #everTold = false
  #onLeft: () => void = () => {}
  /** Called when the first attempt is another, or none. */
  onHead: (head: AttemptName | undefined, timeoutMs: number | undefined) => void = () => {}

  constructor(module: URL, data: object, compiled: string) {
    this.#worker = new Worker(module, {
      workerData: { ...data, slots: this.#slots },
      // Stripping types and compiling costs each thread more than all the rest of its start.
      env: { NODE_COMPILE_CACHE: compiled, ...process.env },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    })
  }

  listen(on: { message(message: Exclude<FromThread, { left: true }>): void; end(error: Error): void }): void {
    this.#worker.on('message', (messages: string) => {
      for (const message of JSON.parse(messages) as FromThread[])
        if ('left' in message) this.#onLeft()
        else on.message(message)
    })
    this.#worker.on('error', on.end)
    this.#worker.on('exit', code => on.end(new Error(`the worker ended with exit code ${code}`)))
  }

  /** Nothing to do, and nothing left to say. */
  get idle(): boolean {
    return this.#sent.length === 0 && this.#ending.length === 0
  }

  get free(): boolean {
    return this.#sent.length === 0
  }

  /** Whether another attempt may be sent though one is at work. */
  get takesAhead(): boolean {
    return this.#quick && this.#sent.length < AHEAD && !this.isSlow && this.#slots.states.includes(slotStates.free)
  }

  /** Whether it has been at its first attempt for longer than one that takes no time would. */
  get isSlow(): boolean {
    const [head] = this.#sent
    return head !== undefined && this.#isBegun(head) && Date.now() - this.#slots.begunAt[head.slot]! > QUICK_MS
  }

  #isBegun({ slot }: Sent): boolean {
    return Atomics.load(this.#slots.states, slot) === slotStates.begun
  }

  get hasAhead(): boolean {
    return this.#sent.length > 1
  }

  /** Reserves the thread's next place for an attempt; `start` says the rest. */
  reserve(attempt: AttemptName): void {
    const slot = this.#slots.states.indexOf(slotStates.free)
    Atomics.store(this.#slots.states, slot, slotStates.sent)
    this.#sent.push({ attempt, slot, told: false })
  }

  /** Sends an attempt with its run's document, so that the thread need not ask for it. */
  start(attempt: AttemptName, run: Stored<RunDoc> | undefined): void {
    const sent = this.#sent.find(s => s.attempt === attempt)
    if (!sent) return
    const { deadline, startedAt } = run?.doc ?? {}
    if (deadline !== undefined && startedAt !== undefined) sent.timeoutMs = deadline - startedAt
    sent.told = true
    this.#everTold = true
    this.tell({ start: attempt, run, slot: sent.slot })
    if (sent === this.#sent[0]) this.onHead(attempt, sent.timeoutMs)
  }

  /** What a thread is told soon after one another is one message; what it waits for goes at once. */
  tell(message: ToThread): void {
    this.#outbox.push(message)
    if (this.#sent.length <= 1 && !this.#urgent) {
      this.#urgent = true
      process.nextTick(() => this.#send())
    } else if (this.#outbox.length === 1) setImmediate(() => this.#send())
  }

  #send(): void {
    this.#urgent = false
    if (this.#outbox.length === 0) return
    this.#worker.postMessage(JSON.stringify(this.#outbox))
    this.#outbox = []
  }

  /** Takes back what it has not begun. */
  takeBack(): AttemptName[] {
    const taken: AttemptName[] = []
    for (const { attempt } of [...this.#sent]) if (this.takeBackOne(attempt)) taken.push(attempt)
    return taken
  }

  /** Takes an attempt back; false when it was begun, or was never here. */
  takeBackOne(attempt: AttemptName): boolean {
    const at = this.#sent.findIndex(s => isSame(s.attempt, attempt))
    if (at < 0) return false
    const { slot, told } = this.#sent[at]!
    const { free, sent, taken } = slotStates
    if (Atomics.compareExchange(this.#slots.states, slot, sent, told ? taken : free) !== sent) return false
    this.#remove(at)
    return true
  }

  passed(slot: number): void {
    Atomics.store(this.#slots.states, slot, slotStates.free)
  }

  /** The attempts that it has begun and of which it has not said the last. */
  begun(): AttemptName[] {
    return [...this.#sent.filter(s => this.#isBegun(s)).map(s => s.attempt), ...this.#ending]
  }

  isAt(attempt: AttemptName): boolean {
    return this.#sent.some(s => isSame(s.attempt, attempt) && this.#isBegun(s))
  }

  /** A write that ends an attempt is under way: the thread goes on to its next. */
  ends(attempt: AttemptName, tookMs: number): void {
    const at = this.#sent.findIndex(s => isSame(s.attempt, attempt))
    if (at < 0) return
    this.#quick = tookMs < QUICK_MS
    this.#ending.push(attempt)
    this.#over(at)
  }

  /** The last word of an attempt; false when nothing is known of it. */
  done(attempt: AttemptName): boolean {
    const ending = this.#ending.findIndex(a => isSame(a, attempt))
    if (ending >= 0) this.#ending.splice(ending, 1)
    const at = this.#sent.findIndex(s => isSame(s.attempt, attempt))
    if (at >= 0) this.#over(at)
    return ending >= 0 || at >= 0
  }

  #over(at: number): void {
    Atomics.store(this.#slots.states, this.#sent[at]!.slot, slotStates.free)
    this.#remove(at)
  }

  #remove(at: number): void {
    this.#sent.splice(at, 1)
    if (at === 0) this.onHead(this.#sent[0]?.attempt, this.#sent[0]?.timeoutMs)
  }

  /**
   * Ends the thread, once what is at work there has let go: ended amid a call of DuckDB's, it would wait for the call's end, and
   * could take the process with it.
   */
  async terminate(): Promise<void> {
    await this.leave('thread')
    await this.#worker.terminate()
  }

  /** Resolves once what is at work has let go. With a process that is about to end the thread stays: whatever ends takes some risk. */
  async leave(ends: 'thread' | 'process'): Promise<void> {
    if (!this.#everTold || this.#worker.threadId === -1) return
    let late: NodeJS.Timeout | undefined
    const left = new Promise<void>(resolve => {
      this.#onLeft = resolve
      this.#worker.once('exit', () => resolve())
      late = setTimeout(resolve, LEAVE_MS)
    })
    this.tell({ leave: ends })
    await left
    clearTimeout(late)
  }
}
