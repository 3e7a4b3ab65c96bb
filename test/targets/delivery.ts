import type { Columns, Json } from '../../shared/core/schema.ts'
import type { SourceWorld } from '../../shared/ports/source.ts'
import type { Delivery, Receipt, Target } from '../../shared/ports/target.ts'

/** A world whose settings are given, whose waits take no time, and whose `fetch` is the real one. */
export function worldOf(settings: Record<string, string>, waits: number[] = []): SourceWorld {
  return {
    fetch: globalThis.fetch,
    secret: async name => {
      const value = settings[name]
      if (value === undefined) throw new Error(`no setting ${name}`)
      return value
    },
    // A real turn of the event loop, so that what is waited for can happen.
    sleep: ms => {
      waits.push(ms)
      return new Promise(resolve => setTimeout(resolve, 1))
    },
    now: () => Date.parse('2001-02-15T05:00:00Z'),
  }
}

export const columns = { id: 'int', name: 'string' } as const satisfies Columns

type Rows = Record<string, unknown>[]

/** A first delivery of some rows; whatever differs is said. `saved` collects the positions. */
export function deliveryOf(rows: Rows, more: Partial<Delivery> & { saved?: Json[] } = {}): Delivery {
  const { saved = [], ...given } = more
  return {
    task: 'load-things',
    dataset: 'things',
    partition: '2001-02-14',
    version: 1,
    generation: 1,
    attempt: 1,
    columns,
    key: ['id'],
    rows: inBatches(rows, 3),
    position: undefined,
    save: async position => {
      saved.push(structuredClone(position))
    },
    signal: new AbortController().signal,
    world: worldOf({}),
    ...given,
  }
}

/** Rows as a reader hands them out; its batches are not the target's. */
export async function* inBatches(rows: Rows, size: number): AsyncIterable<Rows> {
  for (let from = 0; from < rows.length; from += size) yield rows.slice(from, from + size)
}

export async function receiptsOf(target: Target, delivery: Delivery): Promise<Receipt[]> {
  return Array.fromAsync(target.deliver(delivery))
}

/** How long a client of the SDK, as a mock has caught it, waits for a connection and for a word. */
export async function timeoutsOf(client: unknown): Promise<{ connectionTimeout?: number; socketTimeout?: number }> {
  return (client as { config: { requestHandler: { configProvider: Promise<object> } } }).config.requestHandler.configProvider
}

/** A request that nobody answers, as the SDK has it: over when the signal that came with the call says so. */
export function unanswered(call: { args: readonly unknown[] }): Promise<never> {
  const { abortSignal } = call.args[1] as { abortSignal: AbortSignal }
  return new Promise((_, reject) => {
    abortSignal.addEventListener('abort', () => reject(Object.assign(new Error('Request aborted'), { name: 'AbortError' })))
  })
}

export const things = (count: number): Rows => Array.from({ length: count }, (_, n) => ({ id: n + 1, name: `thing ${n + 1}` }))
