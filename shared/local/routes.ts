import type { Envelope, EventPattern } from '../core/events.ts'

interface Route {
  always: string[]
  byField: Map<string, Map<string, string[]>>
}

/** Who takes which events: the same patterns that rules have on AWS, looked up by their values instead of tried one by one. */
export class Routes {
  readonly #byType = new Map<string, Route>()
  /** Who takes whatever is of none of some types. */
  readonly #others: { target: string; not: Set<string> }[] = []

  add(target: string, patterns: readonly EventPattern[]): void {
    for (const pattern of patterns) {
      const fields: [string, string[]][] = Object.entries(pattern.detail ?? {})
      if (fields.length > 1) throw new Error(`a route goes by one field at most, this pattern has ${fields.length}`)
      for (const type of pattern['detail-type']) {
        if (typeof type !== 'string') {
          if (fields.length > 0) throw new Error('a route for other types goes by no field')
          this.#others.push({ target, not: new Set(type['anything-but']) })
          continue
        }
        const routes: Route = this.#byType.get(type) ?? { always: [], byField: new Map() }
        this.#byType.set(type, routes)
        if (fields.length === 0) routes.always.push(target)
        for (const [field, values] of fields) {
          const byValue = routes.byField.get(field) ?? new Map<string, string[]>()
          routes.byField.set(field, byValue)
          for (const value of values) byValue.set(value, [...(byValue.get(value) ?? []), target])
        }
      }
    }
  }

  /** The targets whose patterns an event matches, each once. */
  of(event: Pick<Envelope, 'detail-type' | 'detail'>): string[] {
    const type = event['detail-type']
    const found = this.#others.flatMap(({ target, not }) => (not.has(type) ? [] : [target]))
    const routes = this.#byType.get(type)
    if (!routes) return found
    const detail = event.detail as Record<string, unknown>
    found.push(...routes.always)
    for (const [field, byValue] of routes.byField) found.push(...(byValue.get(String(detail[field])) ?? []))
    return found.length > 1 ? [...new Set(found)] : found
  }
}
