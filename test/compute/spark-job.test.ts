import { createCompute } from '../../shared/compute/compute.ts'
import { sparkJob } from '../../shared/compute/spark-job.ts'
import type { SparkPlan } from '../../shared/compute/spark-plan.ts'
import type { TranslatedSql } from '../../shared/compute/work.ts'
import type { Attempt } from '../../shared/ports/compute.ts'
import type { Lake } from '../../shared/ports/lake.ts'
import type { SparkJob } from '../../shared/ports/spark.ts'
import { same, type Task, transform } from '../../shared/task/index.ts'
import { attemptOf, DAY, day, openWorkplace, type Workplace } from './workplace.ts'

const orders = day('orders', { id: 'int' })
const clean = day('clean', { id: 'int' }, ['id'])
const task = (engine?: Task['engine']): Task => ({
  ...transform({ inputs: { orders: same(orders) }, output: clean, sql: 'clean.sql' }),
  name: 'clean-orders',
  engine,
})
const onSpark = { statement: 'SELECT id FROM orders', parameters: [], checks: {} }
const onDuckdb: TranslatedSql = { duckdb: 'SELECT "id" FROM "orders"', parameters: [] }

let workplace: Workplace
let submitted: SparkJob[]
beforeEach(async () => {
  workplace = await openWorkplace()
  submitted = []
})
afterEach(() => workplace.close())

const jobOf = (of: Task, lake: Lake = workplace.lake) =>
  sparkJob(of, {
    lake,
    sql: onSpark,
    spark: {
      submit: async job => `a1/r${submitted.push(job)}`,
      status: async () => undefined,
      cancel: async () => {},
    },
  })
const attempt = async (of: Task, more: Partial<Attempt> = {}) =>
  attemptOf(of, { inputs: { orders: [await workplace.pin(orders, [{ id: 1 }, { id: 2 }])] }, ...more })

test('a job is submitted for its attempt, with a plan that is there before it', async () => {
  const of: Task = { ...task('spark'), spark: { memoryGb: 40 } }
  const its = await attempt(of, { generation: 2, cause: { lane: 'backfill' } })
  expect(await jobOf(of).run(its)).toEqual({ job: 'a1/r1' })
  expect(submitted).toEqual([
    {
      attempt: { task: 'clean-orders', dataset: 'clean', partition: DAY, generation: 2, attempt: 1 },
      plan: `clean/${DAY}/g2-a1/plan.json`,
      timeoutMs: of.timeoutMs,
      size: { memoryGb: 40 },
      lane: 'backfill',
    },
  ])
  const plan: SparkPlan = JSON.parse(new TextDecoder().decode(await workplace.lake.get(submitted[0]!.plan)))
  expect(plan.sql).toBe(onSpark.statement)
  expect(plan.checks).toEqual([
    {
      check: 'unique',
      violations: 'SELECT * FROM (SELECT `id`, count(*) AS `rows` FROM made GROUP BY `id` HAVING count(*) > 1)',
      shown: [],
      said: 'rows repeat id',
      counted: 'coalesce(sum(`rows` - 1), 0)',
    },
  ])
  expect(plan.inputs.orders!.scans[0]!.files).toEqual([[`orders/${DAY}/g1-a1/part-0000.parquet`, DAY]])
})

describe('the engine', () => {
  const run = async (of: Task, world: { sql?: TranslatedSql; mostBytes?: number }, lake = workplace.lake, more: Partial<Attempt> = {}) =>
    createCompute(of, { ...workplace.world(), lake, spark: jobOf(of, lake), sparkSql: onSpark, ...world }).run(await attempt(of, more))

  const outgrown = { outgrown: true } as const
  test.each<[string, Task, { sql?: TranslatedSql; mostBytes?: number }, Partial<Attempt>, boolean]>([
    ['is Spark where the task says so', task('spark'), { sql: onDuckdb }, {}, true],
    ['is DuckDB where the task says so, whatever the size', task('duckdb'), { sql: onDuckdb, mostBytes: 0 }, outgrown, false],
    ['is Spark where only Spark can run the statement', task(), {}, {}, true],
    ['is Spark where the inputs have too many bytes', task(), { sql: onDuckdb, mostBytes: 10 }, {}, true],
    ['is Spark where an earlier attempt outgrew its function', task(), { sql: onDuckdb }, outgrown, true],
    ['is DuckDB where they have not', task(), { sql: onDuckdb, mostBytes: 1e6 }, {}, false],
    ['is DuckDB where nobody says how many are too many', task(), { sql: onDuckdb }, {}, false],
  ])('%s', async (_, of, world, more, spark) => {
    const made = await run(of, world, workplace.lake, more)
    expect('job' in made).toBe(spark)
    if (!('job' in made)) expect(made.rows).toBe(2)
  })

  test('is chosen by manifests that are read once', async () => {
    const read: string[] = []
    const { lake } = workplace
    const counted: Lake = {
      ...lake,
      get(key) {
        read.push(key)
        return lake.get(key)
      },
    }
    await run(task(), { sql: onDuckdb, mostBytes: 1e6 }, counted)
    expect(read).toEqual([`orders/${DAY}/g1-a1/manifest.json`])
  })
})
