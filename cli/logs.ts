import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RedeyeError } from '../shared/core/errors.ts'
import { type RunDoc, runName } from '../shared/core/run.ts'
import { runKey } from '../shared/engine/keys.ts'
import { attemptLogFile } from '../shared/local/attempt-log.ts'
import { stateFolder } from '../shared/local/state.ts'
import { exits } from './exits.ts'
import { withWayOut } from './failure-reason.ts'
import { findRun } from './find-names.ts'
import { interruptible } from './interrupt.ts'
import { clockText } from './measures.ts'
import { isOver } from './night.ts'
import { openState } from './open-state.ts'
import { paint, say } from './output.ts'
import { graphOf } from './session.ts'
import { stateOf } from './state-of.ts'

export interface LogsOptions {
  state?: string
  attempt?: number
  generation?: number
  follow?: boolean
  json?: boolean
}

type Name = { task: string; partition: string; generation: number; attempt: number }

/** Prints what an attempt said: the newest, or the one that is named. */
export async function logs(root: string, name: string, options: LogsOptions): Promise<number> {
  const { ledger, close } = openState(root, options.state)
  return interruptible(
    async () => close(),
    async () => {
      const { contract, partition } = findRun(await graphOf(ledger), name)
      const folder = stateFolder(stateOf(root, options.state)).logs
      const read = () => ledger.get<RunDoc>(runKey(contract.output, partition)).then(s => s?.doc)
      if (options.follow) return follow(folder, contract.task, partition, read, options)
      const wanted = choose(attemptsOf(folder, contract.task, partition), options)
      if (wanted) return print(folder, wanted, await read(), options)
      return nothing(runName(contract.task, partition), await read(), options)
    },
  )
}

function print(folder: string, name: Name, doc: RunDoc | undefined, options: LogsOptions): number {
  if (!options.json && process.stdout.isTTY) say(paint('dim', `generation ${name.generation}, attempt ${name.attempt}`))
  const isLast = doc?.state === 'failed' && doc.generation === name.generation && doc.attempt === name.attempt
  new Tail(attemptLogFile(folder, name), options, isLast ? message => withWayOut(message, name.task, name.partition) : undefined).print()
  return exits.ok
}

/** Why there is nothing to print: bad input where other attempts are there, else just the answer. */
function nothing(name: string, doc: RunDoc | undefined, { attempt, generation }: LogsOptions): number {
  if (doc && doc.attempt > 0 && (attempt !== undefined || generation !== undefined))
    throw new RedeyeError('UNKNOWN_NAME', `${name} has no such attempt`, {
      remedy: `its newest is attempt ${doc.attempt} of generation ${doc.generation}`,
    })
  say(doc?.state ? `${name} is ${doc.state}: no attempt has said anything yet` : `${name} has not run`)
  return exits.no
}

/** The attempts that left a log, oldest first. */
function attemptsOf(folder: string, task: string, partition: string): Name[] {
  const place = dirname(attemptLogFile(folder, { task, partition, generation: 1, attempt: 1 }))
  const names = existsSync(place) ? readdirSync(place) : []
  return names
    .map(file => /^g(\d+)-a(\d+)\.jsonl$/.exec(file))
    .filter(found => found !== null)
    .map(([, g, a]) => ({ task, partition, generation: Number(g), attempt: Number(a) }))
    .sort((a, b) => a.generation - b.generation || a.attempt - b.attempt)
}

function choose(names: readonly Name[], { attempt, generation }: LogsOptions): Name | undefined {
  const newest = generation ?? names.at(-1)?.generation
  return names.findLast(n => n.generation === newest && (attempt === undefined || n.attempt === attempt))
}

// As often as a person notices.
const LOOK_MS = 200

/** Prints as it is written, from one attempt to the next, until the run is over. */
async function follow(
  folder: string,
  task: string,
  partition: string,
  read: () => Promise<RunDoc | undefined>,
  options: LogsOptions,
): Promise<number> {
  let tail: Tail | undefined
  let shown: Name | undefined
  for (;;) {
    const doc = await read()
    const name = choose(attemptsOf(folder, task, partition), options)
    if (name && (name.generation !== shown?.generation || name.attempt !== shown.attempt)) {
      tail?.print()
      if (shown && !options.json) say(paint('dim', `generation ${name.generation}, attempt ${name.attempt}`))
      shown = name
      tail = new Tail(attemptLogFile(folder, name), options)
    }
    tail?.print()
    if (isOver(doc) && shown?.generation === doc!.generation && shown.attempt === doc!.attempt) return exits.ok
    if (doc && shown && options.attempt !== undefined && doc.attempt > shown.attempt) return exits.ok
    await sleep(LOOK_MS)
  }
}

/** A file's lines as they come. */
class Tail {
  readonly #file: string
  readonly #json: boolean
  readonly #worded: (message: string) => string
  #at = 0
  #rest = ''

  constructor(file: string, { json }: { json?: boolean }, worded: (message: string) => string = message => message) {
    this.#file = file
    this.#json = json ?? false
    this.#worded = worded
  }

  print(): void {
    const lines = (this.#rest + this.#read()).split('\n')
    // A line that is still being written is printed when it is whole.
    this.#rest = lines.pop()!
    for (const line of lines) say(this.#json ? line : readable(line, this.#worded))
  }

  #read(): string {
    const file = openSync(this.#file, 'r')
    try {
      const chunks: Buffer[] = []
      for (;;) {
        const buffer = Buffer.alloc(65_536)
        const length = readSync(file, buffer, 0, buffer.length, this.#at)
        if (length === 0) break
        this.#at += length
        chunks.push(buffer.subarray(0, length))
      }
      return Buffer.concat(chunks).toString('utf8')
    } finally {
      closeSync(file)
    }
  }
}

/** `14:01:28  published  rows 16,359  bytes 124,155`. */
function readable(line: string, worded: (message: string) => string): string {
  const { at, message, ...fields } = JSON.parse(line) as { at: string; message: string; [name: string]: unknown }
  const facts = Object.entries(fields).map(([name, value]) => `${name} ${fieldText(value)}`)
  return [paint('dim', clockText(Date.parse(at))), worded(message), paint('dim', facts.join('  '))].filter(Boolean).join('  ')
}

function fieldText(value: unknown): string {
  if (typeof value === 'number') return value.toLocaleString('en-US')
  return typeof value === 'string' ? value : JSON.stringify(value)
}
