import { join } from 'node:path'
import { translateCheck } from '../../compute/checks.ts'
import { sparkSql } from '../../compute/spark-sql.ts'
import { SparkOnly, translate } from '../../compute/transform.ts'
import type { ComputeWorld } from '../../compute/work.ts'
import { taskContract } from '../../task/contract.ts'
import { mayUseSpark, type Task } from '../../task/task.ts'
import type { Built } from '../host.ts'
import { shared } from './bundle.ts'
import type { PlatformFunction } from './platform/functions.ts'

/** The module that becomes `decide`; `handler` is the service's handler.ts, relative to the project. */
export const decideEntry = (handler: string) => `export { decide as handler } from './${handler}'`

/** The module that becomes `work`, and whether DuckDB may ever run there: not where the task, or its SQL, leaves everything to Spark. */
export interface WorkEntry {
  entry: string
  onDuckdb: boolean
}

/** It carries what is known of its task now, its SQL and that of its checks translated. Rejects with BAD_SQL where that cannot be. */
export async function workEntry(task: Task, handler: string): Promise<WorkEntry> {
  const { retry, hash } = taskContract(task, 0)
  const built: Built = { ...(await translatedFor(task)), task: { task: task.name, retry, hash } }
  const entry = `import { provideBuilt } from ${from('aws/host.ts')}
provideBuilt(${JSON.stringify(built)})
export { work as handler } from './${handler}'`
  return { entry, onDuckdb: task.work.work !== 'transform' || built.sql !== undefined }
}

/** A task's SQL and its custom checks, for DuckDB and for Spark, as far as either may run it. */
async function translatedFor(task: Task): Promise<Pick<ComputeWorld, 'sql' | 'sparkSql' | 'checks'>> {
  if (task.work.work !== 'transform') return checksOf(task)
  if (!mayUseSpark(task)) return onDuckdb(task)
  const onSpark = { sparkSql: await sparkSql(task) }
  if (task.engine === 'spark') return onSpark
  return onDuckdb(task).then(
    translated => ({ ...translated, ...onSpark }),
    error => {
      if (error instanceof SparkOnly) return onSpark
      throw error
    },
  )
}

const onDuckdb = async (task: Task) => ({ sql: await translate(task), ...(await checksOf(task)) })

async function checksOf(task: Task): Promise<Pick<ComputeWorld, 'checks'>> {
  const custom = task.checks.filter(check => check.check === 'sql')
  if (custom.length === 0) return {}
  return {
    checks: Object.fromEntries(await Promise.all(custom.map(async check => [check.sql, await translateCheck(task, check)] as const))),
  }
}

/** The module that becomes one of the platform's functions. It knows the project's datasets, to check what is delivered. */
export function platformEntry(name: PlatformFunction): string {
  if (name === 'relay')
    return `import { provideHost } from ${from('engine/host.ts')}
import { awsHost } from ${from('aws/host.ts')}
import { relayHandler } from ${from('aws/stream.ts')}
provideHost(awsHost(process.env))
export const handler = relayHandler`
  const imports = [`import * as datasets from ${JSON.stringify('#datasets')}`, `import { platform } from ${from('aws/platform.ts')}`]
  return `${imports.join('\n')}
export const handler = platform({ datasets: Object.values(datasets) }).${name}`
}

const from = (module: string) => JSON.stringify(join(shared, module))
