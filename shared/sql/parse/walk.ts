import type { Expr } from './ast.ts'

/** The expressions directly inside one, those of subqueries left out. */
export function children(expr: Expr): Expr[] {
  switch (expr.kind) {
    case 'call':
      return [
        ...expr.args.map(a => a.value),
        ...(expr.filter ? [expr.filter] : []),
        ...(expr.within ?? []).map(s => s.value),
        ...(expr.over ? [...expr.over.partition, ...expr.over.order.map(s => s.value)] : []),
      ]
    case 'unary':
    case 'cast':
    case 'is':
    case 'field':
    case 'inQuery':
      return [expr.operand]
    case 'binary':
    case 'distinctFrom':
      return [expr.left, expr.right]
    case 'between':
      return [expr.operand, expr.low, expr.high]
    case 'in':
      return [expr.operand, ...expr.list]
    case 'like':
      return [expr.operand, ...expr.patterns]
    case 'case':
      return [
        ...(expr.operand ? [expr.operand] : []),
        ...expr.branches.flatMap(b => [b.when, b.result]),
        ...(expr.otherwise ? [expr.otherwise] : []),
      ]
    case 'lambda':
      return [expr.body]
    case 'subscript':
      return [expr.operand, expr.index]
    case 'row':
      return expr.items.map(i => i.value)
    default:
      return []
  }
}

/** Whether an expression, or one inside it, is so. */
export function some(expr: Expr, test: (expr: Expr) => boolean): boolean {
  return test(expr) || children(expr).some(child => some(child, test))
}
