import { constants } from 'node:os'

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'
const signals: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

// Work lets go at once, or when what it loads is loaded; what takes longer than this would perhaps not end at all.
const END_MS = 5000

/**
 * Does something that a person may interrupt: at Ctrl-C it is let go, `close` ends what is under way, and the process
 * ends as one that the signal ended; `close` is told so. A second Ctrl-C does not wait for that, and nobody waits for long. `onInterrupt`
 * says what becomes of what was begun.
 *
 * @example
 * return interruptible(dying => session.close(dying), async () => { …; return exits.ok })
 */
export async function interruptible(
  close: (dying: boolean) => Promise<void>,
  work: () => Promise<number>,
  onInterrupt: () => void = () => {},
): Promise<number> {
  let interrupt: (signal: Signal) => void = () => {}
  const interrupted = new Promise<Signal>(resolve => {
    interrupt = resolve
  })
  let once = false
  let closing: Promise<void> | undefined
  /** By the signal itself, as if nobody listened to it: `process.exit` waits for threads, and a native call may keep one for ever. */
  const die = (signal: Signal): never => {
    for (const signal of signals) process.off(signal, heard)
    process.kill(process.pid, signal)
    // The first process of a container is not ended by signals of its own.
    process.exit(codeOf(signal))
  }
  const heard = (signal: Signal) => {
    if (once) die(signal)
    once = true
    interrupt(signal)
  }
  for (const signal of signals) process.on(signal, heard)
  try {
    const ended = await Promise.race([work().then(exit => ({ exit })), interrupted.then(signal => ({ signal }))])
    if ('exit' in ended) return ended.exit
    const late = setTimeout(() => die(ended.signal), END_MS)
    closing = close(true)
    if (process.stderr.isTTY) process.stderr.write('ending; Ctrl-C again ends at once\n')
    onInterrupt()
    await closing
    clearTimeout(late)
    // Whatever still waits for something belongs to work that was given up.
    return die(ended.signal)
  } finally {
    for (const signal of signals) process.off(signal, heard)
    await (closing ?? close(false))
  }
}

const codeOf = (signal: Signal) => 128 + constants.signals[signal]
