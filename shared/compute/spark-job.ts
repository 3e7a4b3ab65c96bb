import type { Compute } from '../ports/compute.ts'
import type { Lake } from '../ports/lake.ts'
import type { Spark } from '../ports/spark.ts'
import type { Task } from '../task/task.ts'
import { layPlan, type SparkSql } from './spark-plan.ts'

/** A transform's work as a Spark job: lays down what it is to do and submits it; how it ends is heard elsewhere (see engine/job). */
export function sparkJob(task: Task, { lake, spark, sql }: { lake: Lake; spark: Spark; sql: SparkSql }): Compute {
  return {
    async run(attempt) {
      const { partition, generation, attempt: number, cause } = attempt
      const job = await spark.submit({
        attempt: { task: task.name, dataset: task.output.name, partition, generation, attempt: number },
        plan: await layPlan(task, sql, attempt, lake),
        timeoutMs: task.timeoutMs,
        ...(task.spark && { size: task.spark }),
        ...(cause && { lane: cause.lane }),
      })
      return { job }
    },
  }
}
