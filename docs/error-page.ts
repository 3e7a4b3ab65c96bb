import { type ErrorCode, errorCodes, failureClasses, RedeyeError } from '../shared/core/errors.ts'
import { errorSteps } from './error-steps.ts'

const classes = {
  transient: ['the outside was busy or away', 'yes, after a wait that grows, as often as `retry.attempts` says'],
  user: ['the code or the data is wrong', 'no: trying again would repeat it'],
  timeout: ['the attempt took longer than `timeout`', 'yes, at once, as often as `retry.timeouts` says'],
  resources: [
    'memory or disk ran out',
    'SQL that may run on Spark does at the next attempt, once; else no: the message names the size to set',
  ],
  lost: ['the worker vanished', 'yes, at once, as often as `retry.losses` says'],
  cancelled: ['a person stopped it', 'no, until a request selects the run'],
} satisfies Record<(typeof failureClasses)[number], [string, string]>

const usual = (code: ErrorCode) => new RedeyeError(code, '').failure
const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n')
const codes = (whose: keyof typeof errorCodes) =>
  table(
    ['code', 'meaning', 'first step'],
    Object.entries(errorCodes[whose]).map(([code, meaning]) => [`\`${code}\``, meaning, errorSteps[code as ErrorCode]]),
  )

/** docs/errors.md */
export const errorPage = () => `# Errors

<!-- Made by docs/generate.ts from shared/core/errors.ts; do not edit. -->

An error of Redeye has a code of this closed list, a message that says what was received and where, and a remedy. A command that
ends with a user's error exits with 2 and has written nothing; with a system's error, or when the answer is no, with 1.

## Whoever wrote the task or gave the input mends these

${codes('user')}

## Whoever runs the stage mends these

${codes('system')}

## How an attempt's failure counts

Every failure of an attempt has a class, and each class is counted by itself within a generation. A code of the first list is
\`${usual('BAD_TASK')}\` and one of the second \`${usual('LAKE_FAILED')}\`, unless the error says otherwise.

${table(
  ['class', 'what happened', 'is it retried?'],
  failureClasses.map(c => [`\`${c}\``, ...classes[c]]),
)}

A run that is not retried any more is \`failed\`: it alerts its owner, once a generation, and the alert names the runs that wait on it.
`
