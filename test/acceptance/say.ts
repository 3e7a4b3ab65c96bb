const began = Date.now()

/** Says at once what goes on; what a test prints is shown only when its suite is over. */
export function say(what: string): void {
  process.stderr.write(`  ${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${what}\n`)
}
