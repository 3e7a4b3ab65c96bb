import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { RedeyeError } from '../core/errors.ts'
import type { SourceWorld } from '../ports/source.ts'

/** What sources and targets may touch on one machine: settings come from the environment, else from the state folder's settings.json. */
export function localWorld(settingsFile: string): SourceWorld {
  return {
    fetch: globalThis.fetch,
    secret: async name => {
      const value = process.env[name] ?? readSettings(settingsFile)[name]
      if (value !== undefined) return value
      throw new RedeyeError('BAD_CREDENTIAL', `no setting or secret ${name} is given`, {
        remedy: `set the environment variable ${name}, or write it to ${settingsFile} as { "${name}": "…" }`,
      })
    },
    sleep: async (ms, signal) => void (await wait(ms, undefined, signal ? { signal } : {})),
    now: () => Date.now(),
  }
}

function readSettings(file: string): Record<string, string> {
  if (!existsSync(file)) return {}
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>
  } catch (cause) {
    throw new RedeyeError('BAD_CREDENTIAL', `${file} is no JSON: ${(cause as Error).message}`, {
      remedy: 'write it as { "NAME": "value" }',
      cause,
    })
  }
}
