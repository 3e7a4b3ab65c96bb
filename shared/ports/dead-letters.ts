/** Where what cannot be handled goes, with its reason. */
export interface DeadLetters {
  put(letter: { function: string; reason: string; event: unknown }): Promise<void>
}
