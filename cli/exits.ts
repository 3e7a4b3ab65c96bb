/** The exit codes of every command: done, the answer is no (or the system failed), the input was bad. */
export const exits = { ok: 0, no: 1, bad: 2 } as const
