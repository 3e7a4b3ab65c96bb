import { constants } from 'node:os'

type Signal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'
const signals: readonly Signal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Does something that a person may interrupt: at Ctrl-C it is let go, `close` ends what is under way, and the process
 * ends as one that the signal ended. A second Ctrl-C does not wait for that.
 *
 * @example
 * return interruptible(() => session.close(), async () => { …; return exits.ok })
 */
export async function interruptible(close: () => Promise<void>, work: () => Promise<number>): Promise<number> {
  let interrupt: (signal: Signal) => void = () => {}
  const interrupted = new Promise<Signal>(resolve => {
    interrupt = resolve
  })
  const code = (signal: Signal) => 128 + constants.signals[signal]
  let once = false
  let closing: Promise<void> | undefined
  const heard = (signal: Signal) => {
    if (once) process.exit(code(signal))
    once = true
    interrupt(signal)
  }
  for (const signal of signals) process.on(signal, heard)
  try {
    const ended = await Promise.race([work().then(exit => ({ exit })), interrupted.then(signal => ({ signal }))])
    if ('exit' in ended) return ended.exit
    await (closing = close())
    // Whatever still waits for something belongs to work that was given up.
    return process.exit(code(ended.signal))
  } finally {
    for (const signal of signals) process.off(signal, heard)
    await (closing ?? close())
  }
}
