import { RedeyeError } from '../core/errors.ts'
import type { SourceWorld } from '../ports/source.ts'

/** What is wrong with the name of a setting or secret; a value in its place would carry a password into the code. */
export function settingFaults(name: string, example: string, option = 'connection'): string[] {
  if (/^[A-Za-z][\w./-]*$/.test(name) && !name.includes('//')) return []
  const shown = name.includes(':') ? 'a URL' : JSON.stringify(name)
  return [`${option} is the name of a setting, like '${example}', and not the value itself: received ${shown}`]
}

/** The value of a setting; rejects with BAD_CREDENTIAL, naming it, when there is none. */
export async function settingOf(world: SourceWorld, name: string): Promise<string> {
  const value = (await world.secret(name)).trim()
  if (value === '')
    throw new RedeyeError('BAD_CREDENTIAL', `the setting ${name} is empty`, { remedy: `give the setting ${name} its value` })
  return value
}
