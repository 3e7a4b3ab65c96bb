import type { Declared } from './place.ts'

/** Something wrong with a declaration that its types did not, or could not, refuse. */
export interface Fault {
  message: string
  remedy: string
  /** Where it was declared. */
  at: Declared
  /** A name that stands in that file, after that place, and is what is wrong; of several the last is, and the others lead to it. */
  near?: string | readonly string[]
  severity?: 'warning'
}
