import type { Declared } from './place.ts'

/** Something wrong with a declaration that its types did not, or could not, refuse. */
export interface Fault {
  message: string
  remedy: string
  /** Where it was declared. */
  at: Declared
  /** A name that stands in that file, at or after that place, and is what is wrong. */
  near?: string
  severity?: 'warning'
}
