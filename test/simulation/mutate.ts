import { registerHooks } from 'node:module'
import type { Mutant } from './mutants.ts'

/** Plants a deliberate bug in this process: the module is changed as it is loaded, so this must come before it is imported. */
export function plant({ file, find, replace }: Mutant): void {
  registerHooks({
    load(url, context, next) {
      const loaded = next(url, context)
      if (!url.endsWith(`/${file}`)) return loaded
      return { ...loaded, source: patched(String(loaded.source), file, find, replace) }
    },
  })
}

/** The text with what is found replaced; it must be there exactly once, so that the list of bugs does not go stale. */
export function patched(source: string, file: string, find: string, replace: string): string {
  const found = source.split(find).length - 1
  if (found !== 1) throw new Error(`${file} has ${found} times, not once: ${find}`)
  return source.replace(find, () => replace)
}
