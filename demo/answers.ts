import { setTimeout as sleep } from 'node:timers/promises'
import { warehousePath, withWarehouse } from '../shared/targets/warehouse-file.ts'

/** A question that the night answers, with its answer's rows. */
export interface Answer {
  question: string
  sql: string
  columns: string[]
  rows: unknown[][]
}

const questions = (night: string) => [
  {
    question: `Which routes kept to the plan worst in the week up to ${night}?`,
    sql: `select route, round(100 * on_time_share) as on_time_percent, flights
from route_punctuality where _partition = '${night}' and flights >= 20
order by on_time_share, flights desc, route limit 5`,
  },
  {
    question: `Where did passengers wait longest on ${night}?`,
    sql: `select airport, city, state, departures, late, round(delay_min / departures, 1) as mean_delay_min
from airport_days where _partition = '${night}' and departures >= 50
order by delay_min / departures desc, airport limit 5`,
  },
  {
    question: 'Which airports struck most animals, for what they fly, so far?',
    sql: `select airport, any_value(city) as city, sum(strikes) as strikes, sum(departures) as departures
from airport_days where _partition <= '${night}'
group by airport having sum(strikes) > 0
order by sum(strikes) / sum(departures) desc, airport limit 5`,
  },
]

/** Asks the warehouse (a setting like `duckdb:/path/warehouse.duckdb`) what a night of the demo was made for. */
export async function answers(warehouse: string, night: string): Promise<Answer[]> {
  return withWarehouse(
    warehousePath(warehouse, 'WAREHOUSE'),
    ms => sleep(ms),
    async db => {
      const found: Answer[] = []
      for (const { question, sql } of questions(night)) {
        const reader = await db.runAndReadAll(sql)
        found.push({ question, sql, columns: reader.columnNames(), rows: reader.getRowsJson() })
      }
      return found
    },
    'READ_ONLY',
  )
}
