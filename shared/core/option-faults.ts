import { nearest } from './errors.ts'

type NameIn<O> = O extends unknown ? keyof O : never
type In<O, K> = O extends unknown ? (K extends keyof O ? O[K] : never) : never

/** Every name that options of this type have, or the compiler refuses it; with true, or with the names of what is held there where those are fixed too. */
export type Names<O> = { readonly [K in NameIn<O>]: true | Names<In<O, K>> }
interface AnyNames {
  readonly [name: string]: true | AnyNames
}

/** What is wrong with options: the names that no option has, then what else there is. */
export function optionFaults<O extends object>(word: string, options: O, names: Names<NoInfer<O>>, others: () => string[]): string[] {
  const unknown = unknownOptions(word, options, names as AnyNames)
  try {
    return [...unknown, ...others()]
  } catch (error) {
    // An option that is misspelled is missing where it is looked at.
    if (unknown.length === 0) throw error
    return unknown
  }
}

/** The name that such a fault is about; undefined of any other fault. */
export const unknownOption = (fault: string): string | undefined => / has no option "(.+?)"/.exec(fault)?.[1]

function unknownOptions(word: string, options: unknown, names: AnyNames): string[] {
  if (typeof options !== 'object' || options === null) return []
  return Object.entries(options).flatMap(([name, value]) => {
    const known = Object.hasOwn(names, name) ? names[name]! : undefined
    if (known !== undefined) return known === true ? [] : unknownOptions(name, value, known)
    const meant = nearest(name, Object.keys(names))
    return [`${word} has no option "${name}"; ${meant ? `did you mean ${meant}?` : `choose from ${Object.keys(names).join(', ')}`}`]
  })
}
