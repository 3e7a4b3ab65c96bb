import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RedeyeError } from '../shared/core/errors.ts'
import { holdState, stateFolder } from '../shared/local/state.ts'

/** Where the demo's world outside is, in a state folder. */
export const worldFolder = (state: string): string => join(state, 'demo')

/**
 * Readies a state folder for the demo: what an earlier demo made goes, so that the same happens every time; the world outside, which takes
 * a while to build, stays. Throws for a folder that a runtime holds, and for one whose ledger no demo began.
 */
export function prepareState(folder: string, keep: boolean): void {
  holdState(folder).release()
  if (keep) return
  const state = stateFolder(folder)
  if (existsSync(state.ledger) && !existsSync(worldFolder(folder)))
    throw new RedeyeError('BAD_ARGUMENT', `${folder} has a ledger that no demo made, and a demo starts afresh`, {
      remedy: 'name another folder with --state, or add the demo’s nights to this one with --keep',
    })
  for (const path of [state.ledger, `${state.ledger}-wal`, `${state.ledger}-shm`, state.lake, state.logs])
    rmSync(path, { recursive: true, force: true })
  for (const name of existsSync(worldFolder(folder)) ? readdirSync(worldFolder(folder)) : [])
    if (!name.startsWith('outside-')) rmSync(join(worldFolder(folder), name), { recursive: true, force: true })
}

/** Adds settings to a file of them; those of other names stay. */
export function addSettings(file: string, settings: Readonly<Record<string, string>>): void {
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {}
  writeFileSync(file, `${JSON.stringify({ ...before, ...settings }, undefined, 2)}\n`, { mode: 0o600 })
}
