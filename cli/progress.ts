import { type RunDoc, runName } from '../shared/core/run.ts'
import { endedLine, endedRun, retryLine } from './ended-run.ts'
import { isWatched, type Live, live } from './live.ts'
import { timeText } from './measures.ts'
import { count, paint, say, toJson } from './output.ts'
import { spinner } from './spinner.ts'

/** A longer piece of work in one line: what it is, how many runs have ended, how long it takes; failures get lines of their own. */
export class Progress {
  ended = 0
  succeeded = 0
  failed = 0
  readonly #title: string
  readonly #options: { json?: boolean }
  readonly #began = Date.now()
  readonly #failures: string[] = []
  /** What is to be tried again, by run: why it takes so long. */
  readonly #retries = new Map<string, string>()
  #live: Live | undefined

  constructor(title: string, options: { json?: boolean }) {
    this.#title = title
    this.#options = options
    if (isWatched(options))
      this.#live = live(now => [this.#line(spinner(now)), ...this.#failures, ...[...this.#retries.values()].map(line => `  ${line}`)])
    else if (!options.json) say(title)
  }

  note(before: RunDoc | undefined, after: RunDoc): void {
    const retry = retryLine(before, after)
    const name = runName(after.task ?? after.dataset, after.partition)
    if (retry) this.#retries.set(name, retry)
    else if (after.state !== 'queued') this.#retries.delete(name)
    if (retry && !this.#live && !this.#options.json) say(`  ${retry}`)
    const run = endedRun(before, after)
    if (!run) return
    this.ended++
    if (run.state === 'failed') this.failed++
    if (run.state === 'succeeded') this.succeeded++
    if (this.#options.json) say(toJson(run))
    else if (run.state === 'failed') this.#tell(endedLine(run))
  }

  /** A line below: something that went wrong, or waits for a person. */
  #tell(line: string): void {
    if (this.#live) this.#failures.push(`  ${line}`)
    else say(`  ${line}`)
  }

  /** Marks the end; bad where a run has failed, or what was asked for was not taken at all. What is handed on has not succeeded yet. */
  done(how: 'done' | 'refused' | 'handed on' = 'done'): void {
    const wasLive = this.#live !== undefined
    const isBad = this.failed > 0 || how === 'refused'
    this.#mark = isBad ? paint('red', '✗') : how === 'done' ? paint('green', '✓') : paint('dim', '→')
    this.end()
    if (!wasLive && !this.#options.json) say(`  ${this.#mark} ${this.#facts()}`)
  }

  /** Stops drawing, where the work is given up. */
  end(): void {
    this.#live?.stop()
    this.#live = undefined
  }

  #mark: string | undefined
  #line(turning: string): string {
    return `${this.#mark ?? turning} ${this.#title}  ${paint('dim', this.#facts())}`
  }
  #facts(): string {
    return [this.ended > 0 && count(this.ended, 'run'), timeText(Date.now() - this.#began)].filter(Boolean).join('  ')
  }
}
