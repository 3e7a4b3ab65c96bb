import { castTo } from '../cast.ts'
import { SqlProblem } from '../finding.ts'
import { Refusal } from '../refusal.ts'
import { T } from '../type.ts'
import { on, type Rule, special, windowOnly } from './rule.ts'

// An argument, which Spark's examples give some of them, has no meaning.
const place = (call: string) => windowOnly('any...', T.int, `CAST({${call}()} AS INTEGER)`)
const share = (call: string) => windowOnly('any...', T.double, `{${call}()}`)

const neighbour = (call: 'lag' | 'lead'): Rule =>
  special((args, site) => {
    const [value, distance, otherwise] = args
    if (!value || args.length > 3)
      throw new SqlProblem(`${call} takes 1 to 3 arguments; here are ${args.length}`, `write ${call}(x, 1)`, site.at)
    if (distance && distance.literal === undefined) throw new Refusal(`${call} by a computed distance`, site.at)
    const parts = [value.sql, distance?.sql ?? '1', ...(otherwise ? [castTo(otherwise, value.type).sql] : [])]
    return { type: value.type, sql: on(`${call}(${parts.join(', ')}${site.ignoreNulls ? ' IGNORE NULLS' : ''})`) }
  }, 'window')

export const windows: Record<string, Rule> = {
  row_number: place('row_number'),
  rank: place('rank'),
  dense_rank: place('dense_rank'),
  percent_rank: share('percent_rank'),
  cume_dist: share('cume_dist'),
  ntile: windowOnly('int?', T.int, n => `CAST(${on(`ntile(${n?.sql ?? '1'})`)} AS INTEGER)`),
  lag: neighbour('lag'),
  lead: neighbour('lead'),
  nth_value: special((args, site) => {
    const [value, n] = args
    if (!value || !n) throw new SqlProblem(`nth_value takes 2 arguments; here are ${args.length}`, 'write nth_value(x, 2)', site.at)
    return { type: value.type, sql: on(`nth_value(${value.sql}, ${castTo(n, T.int).sql}${site.ignoreNulls ? ' IGNORE NULLS' : ''})`) }
  }, 'window'),
}
