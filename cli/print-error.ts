import { relative } from 'node:path'
import { styleText } from 'node:util'
import { errorCodes, RedeyeError } from '../shared/core/errors.ts'

/** Whose error it is: mended by whoever wrote the task or gave the input, not by whoever runs the stage. */
export const isUserError = (error: RedeyeError) => error.code in errorCodes.user

/** One error on stderr: code and message, the place, the remedy. What Redeye did not foresee is shown with its stack. */
export function printError(error: unknown): void {
  const write = (line: string) => process.stderr.write(`${line}\n`)
  const paint = (style: 'red' | 'dim', text: string) => styleText(style, text, { stream: process.stderr })
  if (!(error instanceof RedeyeError)) {
    write(`${paint('red', 'internal error')} ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    write('This is a defect in Redeye: please report it with the lines above.')
    return
  }
  write(`${paint('red', error.code)} ${error.message}`)
  const { file, line, column } = error.place
  if (file) write(`  ${paint('dim', 'at')} ${[shortest(file), line, column].filter(Boolean).join(':')}`)
  if (error.remedy) write(`  ${paint('dim', '→')} ${error.remedy}`)
}

function shortest(file: string): string {
  const short = relative(process.cwd(), file)
  return short.startsWith('..') ? file : short
}
