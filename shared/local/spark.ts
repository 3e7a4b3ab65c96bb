import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { computeFailure } from '../compute/failure.ts'
import { readManifest } from '../compute/manifest-file.ts'
import { layPlan } from '../compute/spark-plan.ts'
import { sparkSql } from '../compute/spark-sql.ts'
import { sqlFileOf } from '../compute/transform.ts'
import { type ErrorCode, RedeyeError } from '../core/errors.ts'
import { outcomeOf } from '../engine/job.ts'
import type { Attempt, LocalCompute } from '../ports/compute.ts'
import type { Lake } from '../ports/lake.ts'
import type { Task } from '../task/task.ts'

/** The version of PySpark whose dialect the SQL is written in. */
export const PYSPARK = 'pyspark==3.5.6'
const ENTRY = fileURLToPath(new URL('../spark/job.py', import.meta.url))
// The end of what Spark said: its last words name the cause.
const SAID = 4000

/**
 * A transform's work on Spark, in a process of its own on this machine, which is awaited: what a service does with a job elsewhere its
 * thread does here. `python` is one that has PySpark.
 */
export function localSpark(task: Task, { lake, folder, python }: { lake: Lake; folder: string; python: string }): LocalCompute {
  return {
    async run(attempt) {
      const plan = await layPlan(task, await sparkSql(task), attempt, lake)
      attempt.log('runs on Spark', { python })
      const { code, said } = await submit(python, [ENTRY, `file://${folder}`, plan], attempt, task.spark?.memoryGb)
      const name = { ...attempt, dataset: task.output.name }
      const ended = await outcomeOf(lake, { attempt: name, state: code === 0 ? 'succeeded' : 'failed', message: lastWords(said) })
      if (ended.ok) return readManifest(lake, attempt.folder)
      if (said.includes("No module named 'pyspark'")) throw noPySpark(python, attempt)
      throw new RedeyeError((ended.code ?? 'SQL_FAILED') as ErrorCode, `${task.name}@${attempt.partition}: ${ended.message}`, {
        failure: ended.failure,
        file: sqlFileOf(task),
      })
    },
  }
}

function submit(
  python: string,
  args: readonly string[],
  { signal, ...attempt }: Attempt,
  memoryGb?: number,
): Promise<{ code: number | null; said: string }> {
  if (python.includes('/') && !existsSync(python)) throw noPySpark(python, attempt)
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(computeFailure(cause, attempt, signal))
    const env = {
      ...process.env,
      PYSPARK_PYTHON: python,
      PYSPARK_SUBMIT_ARGS: `--master local[*] --conf spark.ui.enabled=false${memoryGb ? ` --driver-memory ${memoryGb}g` : ''} pyspark-shell`,
    }
    const child = spawn(python, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-SAID)))
    // The virtual machine behind it ends with it.
    const end = () => child.kill()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    child.on('error', cause => reject((cause as NodeJS.ErrnoException).code === 'ENOENT' ? noPySpark(python, attempt) : cause))
    child.on('close', code => {
      signal.removeEventListener('abort', end)
      if (signal.aborted) fail(signal.reason)
      else resolve({ code, said })
    })
  })
}

const lastWords = (said: string) => said.trim().split('\n').at(-1) ?? ''

function noPySpark(python: string, { outgrown }: Pick<Attempt, 'outgrown'>): RedeyeError {
  const remedy = `python3 -m venv .venv && .venv/bin/pip install ${PYSPARK}, and set REDEYE_SPARK_PYTHON to .venv/bin/python`
  if (!outgrown)
    return new RedeyeError('SQL_FAILED', `${python} has no PySpark, and this task’s work is Spark’s`, { remedy, failure: 'user' })
  return new RedeyeError(
    'OUT_OF_MEMORY',
    `the work needs more memory or disk than this process may take, and ${python} has no PySpark to do it`,
    {
      remedy: `give the machine more of both, or let Spark do it: ${remedy}`,
      failure: 'resources',
    },
  )
}
