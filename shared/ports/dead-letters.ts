/** Where what cannot be handled goes, with its reason. */
export interface DeadLetters {
  put(letter: { function: string; reason: string; event: unknown }): Promise<void>
}

/** A letter as it lies there. */
export interface Letter {
  id: string
  /** When it came, in milliseconds since the epoch. */
  at: number
  /** The function that could not handle it, as far as that is known. */
  function: string
  reason: string
  /** What could not be handled, as it came. */
  event: unknown
}

/** The dead letters as a person goes through them. */
export interface LetterBox<L extends Letter = Letter> {
  /** All letters, oldest first. Where others may go through them too, they see none of these until they are given back, or a while is over. */
  take(): Promise<L[]>
  giveBack(letters: readonly L[]): Promise<void>
  remove(letters: readonly L[]): Promise<void>
}
