import { RedeyeError } from '../../shared/core/errors.ts'

/** `clean-orders` of `clean_orders`: how files and folders are called. */
export const kebab = (name: string) => name.replaceAll('_', '-')
/** `clean_orders` of `clean-orders`: how datasets are called. */
export const snake = (name: string) => name.replaceAll('-', '_')
/** `cleanOrders` of either: how a dataset is called in TypeScript. */
export const camel = (name: string) => snake(name).replace(/_+(\w)/g, (_, letter: string) => letter.toUpperCase())

/** A task's name, or BAD_ARGUMENT with one that would do. */
export function taskName(name: string): string {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) return name
  throw new RedeyeError('BAD_ARGUMENT', `"${name}" is no name for a task`, {
    remedy: `write it in small letters, digits and "-"${suggestion(name, '-')}`,
  })
}

/** A dataset's name, or BAD_ARGUMENT with one that would do. */
export function datasetName(name: string): string {
  if (/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) return name
  throw new RedeyeError('BAD_ARGUMENT', `"${name}" is no name for a dataset`, {
    remedy: `write it in small letters, digits and "_"${suggestion(name, '_')}`,
  })
}

function suggestion(name: string, joint: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .match(/[a-z0-9]+/g)
  const suggested = words?.join(joint).replace(/^[^a-z]+/, '')
  return suggested ? `: ${suggested}` : ''
}
