import type { SqlType } from '../type.ts'

/** A name as written; `at` is its offset in the source. */
export interface Name {
  name: string
  quoted: boolean
  at: number
}

interface At {
  at: number
  /** Where it ends, for the text of an expression without a name. */
  end?: number
}

export type Expr =
  | (At & { kind: 'literal'; type: SqlType; value: string | null | boolean })
  | (At & { kind: 'interval'; parts: { value: string; unit: string }[]; to?: string; negative?: boolean })
  | (At & { kind: 'parameter'; name: string })
  | (At & { kind: 'column'; parts: Name[] })
  | (At & { kind: 'star'; qualifier: Name[] })
  | (At & { kind: 'call' } & Call)
  | (At & { kind: 'unary'; op: '-' | '+' | '~' | 'NOT'; operand: Expr })
  | (At & { kind: 'binary'; op: string; left: Expr; right: Expr })
  | (At & { kind: 'between'; operand: Expr; low: Expr; high: Expr; negated: boolean })
  | (At & { kind: 'in'; operand: Expr; list: Expr[]; negated: boolean })
  | (At & { kind: 'inQuery'; operand: Expr; query: Query; negated: boolean })
  | (At & {
      kind: 'like'
      op: 'LIKE' | 'ILIKE' | 'RLIKE'
      operand: Expr
      patterns: Expr[]
      quantifier?: 'ANY' | 'ALL'
      escape?: Expr
      negated: boolean
    })
  | (At & { kind: 'is'; what: 'NULL' | 'TRUE' | 'FALSE' | 'UNKNOWN'; operand: Expr; negated: boolean })
  | (At & { kind: 'distinctFrom'; left: Expr; right: Expr; negated: boolean })
  | (At & { kind: 'exists'; query: Query })
  | (At & { kind: 'subquery'; query: Query })
  | (At & { kind: 'case'; operand?: Expr; branches: { when: Expr; result: Expr }[]; otherwise?: Expr })
  | (At & { kind: 'cast'; operand: Expr; type: SqlType; attempt: boolean })
  | (At & { kind: 'lambda'; parameters: Name[]; body: Expr })
  | (At & { kind: 'subscript'; operand: Expr; index: Expr })
  | (At & { kind: 'field'; operand: Expr; field: Name })
  | (At & { kind: 'row'; items: SelectItem[] })

export type ExprOf<K extends Expr['kind']> = Extract<Expr, { kind: K }>

/** A function call; `arguments` may be named (`key => value`) or aliased (in struct). */
export interface Call {
  name: string
  args: Argument[]
  distinct: boolean
  filter?: Expr
  ignoreNulls?: boolean
  /** WITHIN GROUP (ORDER BY …). */
  within?: Sort[]
  over?: WindowSpec
}
export interface Argument {
  value: Expr
  key?: string
  alias?: Name
}

export interface WindowSpec {
  at: number
  base?: Name
  partition: Expr[]
  order: Sort[]
  frame?: { unit: 'ROWS' | 'RANGE'; start: FrameBound; end: FrameBound; at: number }
}
export interface FrameBound {
  kind: 'unbounded preceding' | 'unbounded following' | 'current row' | 'preceding' | 'following'
  value?: Expr
}

export interface Sort {
  value: Expr
  descending: boolean
  nullsFirst?: boolean
}

export interface SelectItem {
  value: Expr
  alias?: Name
  /** `explode(…) AS (a, b)`. */
  aliases?: Name[]
}

export interface Query {
  at: number
  /** Where the statement ends, before its semicolon. */
  end?: number
  with: { name: Name; columns?: Name[]; query: Query }[]
  body: QueryBody
  order: Sort[]
  limit?: Expr
  offset?: Expr
  windows: { name: Name; spec: WindowSpec }[]
  /** Clauses that no table row covers, by name (SORT BY, CLUSTER BY, …). */
  unusual: { construct: string; at: number }[]
}

export type QueryBody =
  | Select
  | { kind: 'set'; op: 'UNION' | 'INTERSECT' | 'EXCEPT'; all: boolean; left: QueryBody; right: QueryBody; at: number }
  | { kind: 'values'; values: Values; at: number }
  | { kind: 'nested'; query: Query; at: number }

export interface Select {
  kind: 'select'
  at: number
  distinct: boolean
  items: SelectItem[]
  from: From[]
  views: LateralView[]
  where?: Expr
  group?: Group
  having?: Expr
}

export interface Group {
  at: number
  all: boolean
  /** The plain expressions, and the sets, in the order written; their product is what is grouped by. */
  elements: GroupElement[]
}
export type GroupElement =
  | { kind: 'plain'; value: Expr }
  | { kind: 'rollup' | 'cube'; groups: Expr[][]; at: number }
  | { kind: 'sets'; elements: (Expr[] | GroupElement)[]; at: number }

export interface LateralView {
  at: number
  outer: boolean
  call: ExprOf<'call'>
  table: Name
  columns: Name[]
}

export interface Values {
  rows: Expr[][]
  at: number
}

export type From =
  | { kind: 'table'; parts: Name[]; alias?: Alias; at: number }
  | { kind: 'query'; query: Query; lateral: boolean; alias?: Alias; at: number }
  | { kind: 'valuesTable'; values: Values; alias?: Alias; at: number }
  | { kind: 'function'; call: ExprOf<'call'>; lateral: boolean; alias?: Alias; at: number }
  | { kind: 'join'; join: JoinKind; natural: boolean; left: From; right: From; on?: Expr; using?: Name[]; at: number }
  | {
      kind: 'pivot'
      source: From
      aggregates: SelectItem[]
      columns: Name[]
      values: { values: Expr[]; alias?: Name }[]
      alias?: Alias
      at: number
    }
  | {
      kind: 'unpivot'
      source: From
      includeNulls: boolean
      value: Name
      label: Name
      columns: { column: Name[]; alias?: Name }[]
      alias?: Alias
      at: number
    }
  | { kind: 'unusual'; source: From; construct: string; at: number }
  | { kind: 'sample'; source: From; at: number }

export type JoinKind = 'INNER' | 'LEFT' | 'RIGHT' | 'FULL' | 'CROSS' | 'SEMI' | 'ANTI'

export interface Alias {
  table: Name
  columns?: Name[]
}
