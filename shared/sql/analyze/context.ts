import { finding, type SqlFinding, SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { T } from '../type.ts'
import type { Typed } from '../typed.ts'

export type Parameter = 'partition' | 'start' | 'end'

/** What one compilation gathers on its way. */
export class Context {
  readonly source: string
  readonly findings: SqlFinding[] = []
  readonly parameters = new Set<Parameter>()
  readonly usedInputs = new Set<string>()
  sparkOnly: { construct: string; at: number } | undefined
  private readonly names = new Map<string, number>()
  private muted = 0
  /** Whether it is run for a partition, whose key and times it may ask for. */
  readonly takesParameters: boolean

  constructor(source: string, takesParameters = true) {
    this.source = source
    this.takesParameters = takesParameters
  }

  error(at: number, message: string, remedy: string): void {
    if (!this.muted) this.add(finding(this.source, at, message, remedy))
  }
  warning(at: number, message: string, remedy: string): void {
    if (!this.muted) this.add(finding(this.source, at, message, remedy, 'warning'))
  }
  private add(one: SqlFinding): void {
    if (!this.findings.some(f => f.line === one.line && f.column === one.column && f.message === one.message)) this.findings.push(one)
  }

  /** What is not in the table: the first such construct decides. Its value is unknown from here on. */
  refuse(construct: string, at: number): Typed {
    if (!this.muted) this.sparkOnly ??= { construct, at }
    return { type: T.unknown, sql: 'NULL', from: [], at }
  }

  /** Runs what may find problems or leave the table, and gives what to go on with then. */
  guard<V>(at: number, run: () => V, otherwise: (refused: Typed) => V): V {
    try {
      return run()
    } catch (error) {
      if (error instanceof Refusal) return otherwise(this.refuse(error.construct, error.at ?? at))
      if (!(error instanceof SqlProblem)) throw error
      this.error(error.at, error.message, error.remedy)
      return otherwise({ type: T.unknown, sql: 'NULL', from: [], at })
    }
  }

  /** Tries something without leaving a trace of what it finds. */
  quietly<V>(run: () => V): V {
    this.muted++
    try {
      return run()
    } finally {
      this.muted--
    }
  }

  /** A name that no other relation of the compiled text has. */
  unique(name: string): string {
    const key = name.toLowerCase()
    const count = (this.names.get(key) ?? 0) + 1
    this.names.set(key, count)
    return count === 1 ? name : this.unique(`${name}_${count}`)
  }
}
