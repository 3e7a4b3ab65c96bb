import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import type { FromJudge, ToJudge } from './judge.ts'

/** What a judge says of a mutant that made a loop endless. */
export const TOO_OFTEN = 'the mutant was reached too often'

export type Verdict = { status: 'killed' | 'timeout'; by?: number; how?: string } | { status: 'survived' }
export type Covered = Extract<FromJudge, { covered: unknown }>['covered']

// Under one mutant the tests of another may take longer by far without being stuck.
const LEAST_S = 20
const SLACK = 5
// More than any test needs, so that a mutant which takes all memory ends its process and not the machine.
const OPTIONS = ['--no-warnings', '--max-old-space-size=1500']

class TestsChanged extends Error {
  constructor() {
    super('the tests have changed since they were counted: begin anew')
  }
}

/** A process that judges mutants; begun anew where one has ended it, or has to be ended. */
export class Judge {
  readonly #args: string[]
  #child: ChildProcess | undefined
  names: string[] = []

  readonly #expected: readonly string[] | undefined

  /** `expected`: the tests that were counted, which are spoken of by their places. */
  constructor(sources: string, seeds: number, expected?: readonly string[], active?: string) {
    this.#expected = expected
    this.#args = [sources, String(seeds), ...(active === undefined ? [] : [active])]
  }

  async #ready(): Promise<ChildProcess> {
    if (this.#child) return this.#child
    const child = fork(join(import.meta.dirname, 'judge.ts'), this.#args, {
      execArgv: OPTIONS,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const first = await this.#answer(child, undefined, 120)
    if (!first || !('ready' in first)) {
      child.kill('SIGKILL')
      throw new Error('the tests could not be loaded')
    }
    if (this.#expected && this.#expected.join() !== first.ready.join()) {
      child.kill('SIGKILL')
      throw new TestsChanged()
    }
    this.names = first.ready
    return (this.#child = child)
  }

  /** What a judge says next; undefined when it ended or took too long. Time is counted in ticks: a process that is stopped has none. */
  #answer(child: ChildProcess, message: ToJudge | undefined, seconds: number): Promise<FromJudge | undefined> {
    return new Promise(resolve => {
      let left = seconds
      const ticks = setInterval(() => --left <= 0 && done(undefined), 1000)
      const done = (answer: FromJudge | undefined) => {
        clearInterval(ticks)
        child.removeAllListeners()
        resolve(answer)
      }
      child.once('message', m => done(m as FromJudge))
      child.once('exit', () => done(undefined))
      if (message) child.send(message)
    })
  }

  async cover(): Promise<Covered> {
    const answer = await this.#answer(await this.#ready(), { cover: true }, 1200)
    if (!answer || !('covered' in answer)) throw new Error('the tests did not end without any mutant')
    return answer.covered
  }

  /** Judges a mutant by these tests, which took `ms` without it. */
  async judge(mutant: string, tests: number[], ms: number, hitLimit: number): Promise<Verdict> {
    let child: ChildProcess
    try {
      child = await this.#ready()
    } catch (error) {
      if (error instanceof TestsChanged) throw error
      return { status: 'killed', how: 'the modules do not load' }
    }
    const answer = await this.#answer(child, { judge: mutant, tests, hitLimit }, LEAST_S + (SLACK * ms) / 1000)
    if (!answer || !('mutant' in answer)) {
      this.stop('SIGKILL')
      return { status: 'timeout' }
    }
    if (answer.killedBy === undefined) return { status: 'survived' }
    return { status: answer.how === TOO_OFTEN ? 'timeout' : 'killed', by: answer.killedBy, how: answer.how ?? '' }
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child?.kill(signal)
    this.#child = undefined
  }
}
