export interface Clock {
  now(): number
  /** The present instant with a fraction that makes it later than every stamp before: orders what one process publishes. */
  stamp(): number
}
