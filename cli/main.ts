import { type Command, CommanderError } from 'commander'
import { RedeyeError } from '../shared/core/errors.ts'
import { exits } from './exits.ts'
import { isUserError, printError } from './print-error.ts'
import { createProgram } from './program.ts'

/** Runs one command line and resolves with its exit code; never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  let exit: number = exits.ok
  const program = createProgram(code => {
    exit = code
  })
  quietly(program)
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

// They are done when their reader has seen enough (`| head`). Every other goes on unread: what it has begun is not left halfway.
const printing = ['check', 'doctor', 'graph', 'logs', 'query', 'rehearse', 'show', 'status']

/** Nobody has to read what a command says, and what Node calls experimental is our choice, not the user's concern. */
function quietly(program: Command) {
  let onlyPrints = false
  program.hook('preAction', (_, command) => {
    onlyPrints = printing.includes(command.name())
  })
  const unlessUnread = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  }
  process.stdout.on('error', error => {
    unlessUnread(error)
    if (onlyPrints) process.exit(exits.ok)
  })
  process.stderr.on('error', unlessUnread)
  process.removeAllListeners('warning')
  process.on('warning', warning => {
    if (warning.name !== 'ExperimentalWarning') process.stderr.write(`${warning.name}: ${warning.message}\n`)
  })
}
