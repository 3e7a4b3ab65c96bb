/*
 * Lambda as AWS documents it, on a clock that is moved: what an emulator does not do, or not so, and what the functions are built for.
 *
 * Asynchronous invocation ("How Lambda handles errors and retries with asynchronous invocation"): an event is queued and may be
 * delivered more than once. A function that fails is tried again after one minute, then after two more; throttled, it is tried again
 * with growing pauses that count as no try. What has failed as often as configured, or waited longer than configured, goes to the
 * on-failure destination: another function gets the envelope as an event, a queue as a message.
 */

/** What happens on the clock, in its order. */
export class Agenda {
  now: number
  #entries: { at: number; order: number; perform: () => Promise<void> }[] = []
  #order = 0

  constructor(now: number) {
    this.now = now
  }

  at(at: number, perform: () => Promise<void>): void {
    this.#entries.push({ at: Math.max(at, this.now), order: this.#order++, perform })
  }

  /** Lets happen what is due by then, and what follows from it. */
  async until(end: number): Promise<void> {
    for (;;) {
      this.#entries.sort((a, b) => a.at - b.at || a.order - b.order)
      if (this.#entries.length === 0 || this.#entries[0]!.at > end) break
      const { at, perform } = this.#entries.shift()!
      this.now = Math.max(this.now, at)
      await perform()
    }
    this.now = end
  }
}

const MINUTE_MS = 60_000
/** After the first failure, and after the second. */
const PAUSES_MS = [MINUTE_MS, 2 * MINUTE_MS]
const FIRST_BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 5 * MINUTE_MS

/** What an invocation is made to meet. `after`: the function does all it does, and then. */
export type Fault =
  | { fault: 'throws'; error: Error; after?: boolean }
  | { fault: 'killed'; after?: boolean }
  | { fault: 'timed out'; after?: boolean }
  | { fault: 'throttled' }

export interface FunctionConfig {
  handler: (event: never, context: object) => Promise<unknown>
  /** Tries after the first; two unless configured. */
  retries?: number
  maxAgeMs?: number
  onFailure?: { function: string } | { queue: unknown[] }
}

interface Queued {
  payload: string
  since: number
  tries: number
  throttled: number
}

/** The account's functions. */
export class LambdaModel {
  readonly #agenda: Agenda
  readonly #functions = new Map<string, FunctionConfig>()
  readonly #faults = new Map<string, Fault[]>()
  /** Every invocation that reached its function, in order. */
  readonly invoked: string[] = []
  /** Each event is delivered twice, as may happen. */
  twice = false
  #requests = 0

  constructor(agenda: Agenda) {
    this.#agenda = agenda
  }

  deploy(name: string, config: FunctionConfig): void {
    this.#functions.set(name, config)
  }

  /** What the next invocations of a function meet, one each. */
  meet(name: string, ...faults: Fault[]): void {
    this.#faults.set(name, [...(this.#faults.get(name) ?? []), ...faults])
  }

  /** Queues an event; says nothing of what becomes of it. */
  invoke(name: string, event: unknown): void {
    const payload = JSON.stringify(event)
    for (let copy = 0; copy < (this.twice ? 2 : 1); copy++) {
      const queued = { payload, since: this.#agenda.now, tries: 0, throttled: 0 }
      this.#agenda.at(this.#agenda.now, () => this.#deliver(name, queued))
    }
  }

  async #deliver(name: string, queued: Queued): Promise<void> {
    const { maxAgeMs = 6 * 60 * MINUTE_MS, retries = 2 } = this.#functions.get(name)!
    if (this.#agenda.now - queued.since > maxAgeMs) return this.#give(name, queued, 'EventAgeExceeded')
    const failure = await this.perform(name, queued.payload)
    if (failure === undefined) return
    if (failure === 'throttled') {
      const pause = Math.min(FIRST_BACKOFF_MS * 2 ** queued.throttled++, LONGEST_BACKOFF_MS)
      this.#agenda.at(this.#agenda.now + pause, () => this.#deliver(name, queued))
      return
    }
    queued.tries++
    if (queued.tries > retries) return this.#give(name, queued, 'RetriesExhausted', failure)
    this.#agenda.at(this.#agenda.now + PAUSES_MS[queued.tries - 1]!, () => this.#deliver(name, queued))
  }

  /** Invokes a function once; resolves with how it failed. */
  async perform(name: string, payload: string, onResult: (result: unknown) => void = () => {}): Promise<undefined | 'throttled' | object> {
    const fault = this.#faults.get(name)?.shift()
    if (fault?.fault === 'throttled') return 'throttled'
    this.invoked.push(name)
    const RequestId = `request-${++this.#requests}`
    try {
      const { handler } = this.#functions.get(name)!
      if (!fault || fault.after) onResult(await handler(JSON.parse(payload) as never, { functionName: name, awsRequestId: RequestId }))
      if (!fault) return undefined
      if (fault.fault === 'throws') throw fault.error
    } catch (error) {
      return { errorType: (error as Error).name, errorMessage: (error as Error).message, trace: [] }
    }
    return fault.fault === 'killed'
      ? { errorType: 'Runtime.ExitError', errorMessage: `RequestId: ${RequestId} Error: Runtime exited with error: signal: killed` }
      : { errorType: 'Sandbox.Timedout', errorMessage: `RequestId: ${RequestId} Error: Task timed out after 900.00 seconds` }
  }

  #give(name: string, queued: Queued, condition: string, responsePayload?: object): void {
    const { onFailure } = this.#functions.get(name)!
    if (!onFailure) return
    const ran = responsePayload !== undefined
    const envelope = {
      version: '1.0',
      timestamp: new Date(this.#agenda.now).toISOString(),
      requestContext: {
        requestId: `request-${this.#requests}`,
        functionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${name}:$LATEST`,
        condition,
        approximateInvokeCount: queued.tries,
      },
      requestPayload: JSON.parse(queued.payload) as unknown,
      ...(ran && { responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' }, responsePayload }),
    }
    if ('queue' in onFailure) onFailure.queue.push(envelope)
    else this.invoke(onFailure.function, envelope)
  }
}
