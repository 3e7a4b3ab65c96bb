import { CommanderError } from 'commander'
import { RedeyeError } from '../shared/core/errors.ts'
import { exits } from './exits.ts'
import { isUserError, printError } from './print-error.ts'
import { createProgram } from './program.ts'

/** Runs one command line and resolves with its exit code; never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  quietly()
  let exit: number = exits.ok
  const program = createProgram(code => {
    exit = code
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exit
  } catch (error) {
    // Commander has printed its message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exits.ok : exits.bad
    printError(error)
    return error instanceof RedeyeError && isUserError(error) ? exits.bad : exits.no
  }
}

/** A reader that has seen enough (`| head`) ends the command, and what Node calls experimental is our choice, not the user's concern. */
function quietly() {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exits.ok)
    throw error
  })
  process.removeAllListeners('warning')
  process.on('warning', warning => {
    if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`)
  })
}
