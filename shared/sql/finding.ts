/** What is wrong, or doubtful, in a statement. Line and column count from 1 in the .sql file. */
export interface SqlFinding {
  code: 'BAD_SQL'
  message: string
  remedy: string
  line: number
  column: number
  severity: 'error' | 'warning'
}

/** Thrown inside the compiler where it cannot go on; becomes one finding. */
export class SqlProblem extends Error {
  readonly remedy: string
  readonly at: number
  constructor(message: string, remedy: string, at: number) {
    super(message)
    this.remedy = remedy
    this.at = at
  }
}

/** Line and column of an offset, both from 1; a column counts characters, as editors do. */
export function lineAndColumn(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset)
  const start = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: [...before.slice(start)].length + 1 }
}

export function finding(source: string, at: number, message: string, remedy: string, severity: 'error' | 'warning' = 'error'): SqlFinding {
  return { code: 'BAD_SQL', message, remedy, ...lineAndColumn(source, at), severity }
}
