/** Chance, for jitter: a number in 0..1. */
export interface Chance {
  next(): number
}
