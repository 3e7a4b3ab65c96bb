import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'

export interface PlayedSeed {
  seed: number
  nights: number
  attempts: number
  calls: number
  hash: number
  failure?: string
}

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url))
// Few enough that all end together, enough that the talk between processes costs nothing.
const SEEDS_A_BATCH = 10

// A world takes some dozens; a deliberate bug that takes all there is must not take the machine.
const MEMORY_MB = 800

/** Processes that play seeds, one a core. */
export class Pool {
  readonly size: number
  readonly #children: ChildProcess[]

  constructor(size = availableParallelism(), mutant?: string) {
    this.size = size
    this.#children = Array.from({ length: size }, () =>
      fork(worker, mutant ? [mutant] : [], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        execArgv: [`--max-old-space-size=${MEMORY_MB}`],
      }),
    )
  }

  /** Plays seeds from one on while `goOn` says so, and at most so many. Rejects when a process ends by itself. */
  play(from: number, each: (played: PlayedSeed) => void, goOn: () => boolean, most = Number.POSITIVE_INFINITY): Promise<void> {
    let next = from
    return new Promise((resolve, reject) => {
      let busy = this.#children.length
      for (const child of this.#children) {
        const give = () => {
          const to = Math.min(next + SEEDS_A_BATCH, from + most)
          if (!goOn() || next >= to) {
            if (--busy === 0) resolve()
            return
          }
          child.send({ from: next, to })
          next = to
        }
        child.on('exit', code => {
          if (busy > 0) reject(new Error(`a process that played seeds ended with ${code}`))
        })
        child.on('message', (message: PlayedSeed & { ready?: boolean; done?: number }) => {
          if (message.ready || message.done !== undefined) give()
          else each(message)
        })
      }
    })
  }

  stop(): void {
    for (const child of this.#children) {
      child.removeAllListeners('exit')
      child.kill()
    }
  }
}
