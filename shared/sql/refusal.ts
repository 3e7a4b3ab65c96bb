/** Thrown where the table has no translation: the statement runs on Spark only, because of this construct. */
export class Refusal extends Error {
  readonly construct: string
  readonly at: number | undefined
  constructor(construct: string, at?: number) {
    super(construct)
    this.construct = construct
    this.at = at
  }
}
