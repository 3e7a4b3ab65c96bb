import { RedeyeError } from '../core/errors.ts'

/** Segments of letters, digits and `.`, `_`, `-`, `=`, none of which begins with a dot: nothing that leaves the lake or hides in it. */
export function checkedKey(key: string): string {
  if (key.split('/').every(segment => /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/.test(segment))) return key
  throw new RedeyeError('LAKE_FAILED', `"${key}" is no key of the lake`, {
    remedy: 'name datasets and partitions with letters, digits, ".", "_" and "-"',
    failure: 'user',
  })
}

/** The beginning of a key: it too stays inside the lake. */
export function checkedPrefix(prefix: string): string {
  const folders = prefix.slice(0, prefix.lastIndexOf('/'))
  if (prefix.includes('/')) checkedKey(folders)
  return prefix
}
