import type { Mapping } from '../core/mapping.ts'
import type { Dataset } from './dataset.ts'
import { refuseMisshapenInput } from './declared-shapes.ts'
import { type Declared, declaredAt } from './place.ts'

/** What an output partition waits for on this input: all of it, at least n partitions, or all until a time on the day after its last. */
export type WaitPolicy = { readonly atLeast: number } | { readonly optional: string } | 'all'
/** What a new version means after the run succeeded: run again, nothing, or ask a person. */
export type UpdatePolicy = 'rerun' | 'ignore' | 'hold'

export interface InputOptions {
  wait?: WaitPolicy
  onUpdate?: UpdatePolicy
}

export interface Input<D extends Dataset = Dataset, M extends Mapping['map'] = Mapping['map'], Explicit extends boolean = boolean> {
  readonly dataset: D
  readonly mapping: Mapping & { readonly map: M }
  readonly wait: WaitPolicy
  readonly onUpdate: UpdatePolicy
  /** Whether onUpdate was said; `all` into a dated output must say it. */
  readonly explicit: Explicit
  readonly declared: Declared
}

type ExplicitIn<O extends InputOptions> = O extends { onUpdate: UpdatePolicy } ? true : false

function input<D extends Dataset, M extends Mapping, const O extends InputOptions>(
  dataset: D,
  mapping: M,
  options: O,
): Input<D, M['map'], ExplicitIn<O>> {
  refuseMisshapenInput(mapping.map, dataset, options)
  return {
    dataset,
    mapping,
    wait: options.wait ?? 'all',
    onUpdate: options.onUpdate ?? 'rerun',
    explicit: (options.onUpdate !== undefined) as ExplicitIn<O>,
    declared: declaredAt(),
  }
}

/** The same partition. */
export function same<D extends Dataset, const O extends InputOptions = object>(dataset: D, options?: O) {
  return input(dataset, { map: 'same' }, (options ?? {}) as O)
}
/** Every partition whose time overlaps the output's: the days of a week, the 23 to 25 hours of a day, the month of a day. */
export function overlapping<D extends Dataset, const O extends InputOptions = object>(dataset: D, options?: O) {
  return input(dataset, { map: 'overlapping' }, (options ?? {}) as O)
}
/** The last n partitions up to the output's own. */
export function trailing<D extends Dataset, const O extends InputOptions = object>(dataset: D, n: number, options?: O) {
  return input(dataset, { map: 'trailing', n }, (options ?? {}) as O)
}
/** The partition k steps away; `offset(own, -1)` is incremental processing. */
export function offset<D extends Dataset, const O extends InputOptions = object>(dataset: D, k: number, options?: O) {
  return input(dataset, { map: 'offset', k }, (options ?? {}) as O)
}
/** Every key of a keyed dataset. Into a dated output it must say `onUpdate`: `rerun` would run every date again for one new key. */
export function all<D extends Dataset, const O extends InputOptions = object>(dataset: D, options?: O) {
  return input(dataset, { map: 'all' }, (options ?? {}) as O)
}
/** The newest ready partition when the run is claimed; never a reason to run by itself. */
export function latest<D extends Dataset>(dataset: D) {
  return input(dataset, { map: 'latest' }, {})
}
