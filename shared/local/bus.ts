import { RedeyeError } from '../core/errors.ts'
import { type Envelope, type NewEvent, SOURCE } from '../core/events.ts'
import type { Bus } from '../ports/bus.ts'
import type { DeadLetters } from '../ports/dead-letters.ts'
import type { Timers } from '../ports/timers.ts'
import type { SqliteLedger } from './ledger.ts'
import type { Routes } from './routes.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS messages (seq INTEGER PRIMARY KEY, target TEXT NOT NULL, event TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0);
  CREATE TABLE IF NOT EXISTS inbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS timers (name TEXT PRIMARY KEY, at REAL NOT NULL, event TEXT NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS timers_at ON timers (at);
  CREATE TABLE IF NOT EXISTS dead_letters (seq INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, target TEXT NOT NULL, reason TEXT NOT NULL, event TEXT NOT NULL);
`
// Lambda tries an asynchronous invocation three times; a laptop that slept or a full disk gets a little longer.
const TRIES = 5
const FIRST_WAIT_MS = 200
// Enough that the decisions of one turn share a commit, few enough that memory stays small.
const AT_ONCE = 64
// How soon a command's event is seen by a runtime that runs: faster than a person notices.
const INBOX_MS = 50
// setTimeout's own limit; a later timer is set again when this one fires.
const FARTHEST_MS = 2 ** 31 - 1

// What is handled is forgotten with the next commit, or this much later where none comes: until then a restart delivers it again.
const FORGET_MS = 20

interface Message {
  seq: number
  target: string
  event: Envelope
  tries: number
  /** Whether the table has it: what is handled before the turn's commit never gets there. */
  stored: boolean
  /** Handled, or sent by what was undone. */
  over: boolean
}

/** Invokes a function with an event. */
export type Deliver = (target: string, event: Envelope) => Promise<void>

/**
 * Durable delivery on one machine: an event becomes a message for each function whose pattern it matches, in the same
 * commit as what caused it; a message is delivered until it is handled, or ends among the dead letters.
 */
export class LocalBus implements Bus, Timers, DeadLetters {
  readonly #ledger: SqliteLedger
  readonly #routes: Routes
  readonly #deliver: Deliver
  readonly #alarm: (message: string) => Promise<void>
  readonly #queue: Message[] = []
  #head = 0
  #inFlight = 0
  #waiting = 0
  #ids = 0
  #seq: number
  /** The last message that an earlier process left. */
  readonly #left: number
  /** Sent in the turn `#turn` of the ledger. */
  #sent: Message[] = []
  #turn = -1
  #handled: number[] = []
  #forgetting: NodeJS.Timeout | undefined
  #direct = true
  #open = false
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #inbox: NodeJS.Timeout | undefined
  #dataVersion = 0
  /** Called when nothing is queued or under way. */
  onIdle: () => void = () => {}

  constructor(ledger: SqliteLedger, routes: Routes, deliver: Deliver, alarm: (message: string) => Promise<void>) {
    this.#ledger = ledger
    this.#routes = routes
    this.#deliver = deliver
    this.#alarm = alarm
    ledger.db.exec(SCHEMA)
    this.#left = (ledger.sql('SELECT max(seq) AS seq FROM messages').get() as { seq: number | null }).seq ?? 0
    this.#seq = this.#left
    ledger.beforeCommit(() => this.#save())
    ledger.onUndone(() => {
      if (this.#turn === ledger.turn) for (const message of this.#sent) message.over = true
    })
  }

  /** Begins with what an earlier process left. */
  start(): void {
    this.#open = true
    const left = this.#ledger
      .sql('SELECT seq, target, event, tries FROM messages WHERE seq <= ? ORDER BY seq')
      .all(this.#left) as unknown as {
      seq: number
      target: string
      event: string
      tries: number
    }[]
    for (const m of left) this.#queue.push({ ...m, event: JSON.parse(m.event), stored: true, over: false })
    this.#arm()
    this.#readInbox()
    this.#inbox = setInterval(() => this.#pollInbox(), INBOX_MS)
    this.#pump()
  }

  stop(): void {
    this.#open = false
    clearTimeout(this.#timer)
    clearTimeout(this.#forgetting)
    clearInterval(this.#inbox)
    if (this.#handled.length > 0) void this.#ledger.transact()
  }

  get idle(): boolean {
    return this.#inFlight === 0 && this.#waiting === 0 && this.#head >= this.#queue.length
  }

  async publish(events: readonly NewEvent[]): Promise<void> {
    for (const { type, detail } of events)
      this.#send({ ...envelope(type, detail), id: `${process.pid.toString(36)}-${Date.now().toString(36)}-${this.#ids++}` })
  }

  #send(event: Envelope): void {
    const targets = this.#routes.of(event)
    if (targets.length === 0) return
    void this.#ledger.transact()
    if (this.#turn !== this.#ledger.turn) {
      this.#turn = this.#ledger.turn
      this.#sent = []
    }
    for (const target of targets) {
      const message = { seq: ++this.#seq, target, event, tries: 0, stored: false, over: false }
      this.#queue.push(message)
      this.#sent.push(message)
    }
    this.#pump()
  }

  /** Writes what was sent in this turn and still waits, and forgets what was handled. */
  #save(): void {
    let event: Envelope | undefined
    let text = ''
    for (const message of this.#sent) {
      if (message.over || message.stored) continue
      // An event for many functions is as many messages in a row.
      if (message.event !== event) text = JSON.stringify((event = message.event))
      this.#ledger
        .sql('INSERT INTO messages (seq, target, event, tries) VALUES (?, ?, ?, ?)')
        .run(message.seq, message.target, text, message.tries)
      message.stored = true
    }
    for (const seq of this.#handled) this.#ledger.sql('DELETE FROM messages WHERE seq = ?').run(seq)
    this.#handled = []
  }

  #pump(): void {
    while (this.#open && this.#inFlight < AT_ONCE && this.#head < this.#queue.length) {
      const message = this.#queue[this.#head++]!
      if (this.#head > 1024 && this.#head * 2 > this.#queue.length) {
        this.#queue.splice(0, this.#head)
        this.#head = 0
      }
      if (message.over) continue
      this.#inFlight++
      this.#begin(message)
    }
  }

  /**
   * The first of a turn at once; each of the others when what came before it has got as far as it can without the disk, so that
   * messages about one document do not all read it, and then all but one write in vain.
   */
  #begin(message: Message): void {
    if (!this.#direct) {
      setImmediate(() => void this.#handle(message))
      return
    }
    this.#direct = false
    setImmediate(() => {
      this.#direct = true
    })
    void this.#handle(message)
  }

  async #handle(message: Message): Promise<void> {
    try {
      await this.#deliver(message.target, message.event)
      this.#remove(message)
    } catch (error) {
      await this.#failed(message, error)
    } finally {
      this.#inFlight--
      this.#pump()
      if (this.idle) this.onIdle()
    }
  }

  #remove(message: Message): void {
    if (!this.#open) return
    message.over = true
    if (!message.stored) return
    this.#handled.push(message.seq)
    this.#forgetting ??= setTimeout(() => {
      this.#forgetting = undefined
      if (this.#handled.length > 0) void this.#ledger.transact()
    }, FORGET_MS)
  }

  async #failed(message: Message, error: unknown): Promise<void> {
    if (!this.#open) return
    message.tries++
    // What the sender did wrong stays wrong.
    if (message.tries >= TRIES || (error instanceof RedeyeError && error.failure === 'user')) {
      const reason = error instanceof Error ? error.message : String(error)
      await this.put({ function: message.target, reason, event: message.event })
      this.#remove(message)
      await this.#alarm(`${message.target} could not handle ${message.event['detail-type']}: ${reason}`)
      return
    }
    void this.#ledger.transact()
    this.#ledger.sql('UPDATE messages SET tries = ? WHERE seq = ?').run(message.tries, message.seq)
    this.#waiting++
    setTimeout(
      () => {
        this.#waiting--
        this.#queue.push(message)
        this.#pump()
      },
      FIRST_WAIT_MS * 2 ** (message.tries - 1),
    )
  }

  async put(letter: { function: string; reason: string; event: unknown }): Promise<void> {
    void this.#ledger.transact()
    this.#ledger
      .sql('INSERT INTO dead_letters (at, target, reason, event) VALUES (?, ?, ?, ?)')
      .run(Date.now(), letter.function, letter.reason, JSON.stringify(letter.event))
  }

  async set(at: number, event: NewEvent): Promise<void> {
    void this.#ledger.transact()
    const text = JSON.stringify(event)
    this.#ledger.sql('INSERT OR IGNORE INTO timers (name, at, event) VALUES (?, ?, ?)').run(`${at} ${text}`, at, text)
    if (at < this.#timerAt) this.#arm()
  }

  #arm(): void {
    if (!this.#open) return
    clearTimeout(this.#timer)
    this.#timerAt = Number.POSITIVE_INFINITY
    const { at } = this.#ledger.sql('SELECT min(at) AS at FROM timers').get() as { at: number | null }
    if (at === null) return
    this.#timerAt = at
    this.#timer = setTimeout(() => this.#fire(), Math.min(Math.max(0, Math.ceil(at - Date.now())), FARTHEST_MS))
  }

  #fire(): void {
    const due = this.#ledger.sql('SELECT name, event FROM timers WHERE at <= ? ORDER BY at').all(Date.now()) as {
      name: string
      event: string
    }[]
    void this.#ledger.transact()
    for (const { name, event } of due) {
      void this.publish([JSON.parse(event) as NewEvent])
      this.#ledger.sql('DELETE FROM timers WHERE name = ?').run(name)
    }
    this.#arm()
  }

  // Another process's commit changes the data version; looking at it costs microseconds.
  #pollInbox(): void {
    const { data_version } = this.#ledger.sql('PRAGMA data_version').get() as { data_version: number }
    if (data_version === this.#dataVersion) return
    this.#dataVersion = data_version
    this.#readInbox()
  }

  #readInbox(): void {
    const events = this.#ledger.sql('SELECT seq, event FROM inbox ORDER BY seq').all() as { seq: number; event: string }[]
    if (events.length === 0) return
    void this.#ledger.transact()
    for (const { event } of events) this.#send(JSON.parse(event) as Envelope)
    this.#ledger.sql('DELETE FROM inbox WHERE seq <= ?').run(events[events.length - 1]!.seq)
  }
}

function envelope(type: NewEvent['type'], detail: NewEvent['detail']): Envelope {
  return {
    version: '0',
    id: '',
    'detail-type': type,
    source: SOURCE,
    account: 'local',
    time: new Date().toISOString(),
    region: 'local',
    resources: [],
    detail,
  }
}

/** Leaves events for whichever runtime holds the state folder, now or next: what a command does instead of publishing. */
export function leaveEvents(ledger: SqliteLedger, events: readonly NewEvent[]): string[] {
  ledger.db.exec(SCHEMA)
  return events.map(({ type, detail }, i) => {
    const id = `${process.pid.toString(36)}-${Date.now().toString(36)}-c${i}`
    ledger.sql('INSERT INTO inbox (event) VALUES (?)').run(JSON.stringify({ ...envelope(type, detail), id }))
    return id
  })
}
