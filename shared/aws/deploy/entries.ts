import { join } from 'node:path'
import { translate } from '../../compute/transform.ts'
import type { Task } from '../../task/task.ts'
import { shared } from './bundle.ts'
import type { PlatformFunction } from './platform/functions.ts'
import { mayUseSpark } from './service-roles.ts'

/** The module that becomes `decide`; `handler` is the service's handler.ts, relative to the project. */
export const decideEntry = (handler: string) => `export { decide as handler } from './${handler}'`

/** The module that becomes `work`: it carries its task's SQL, translated now. Rejects with BAD_SQL where that cannot be. */
export async function workEntry(task: Task, handler: string): Promise<string> {
  const exported = `export { work as handler } from './${handler}'`
  if (task.work.work !== 'transform') return exported
  const statement = await translated(task)
  if (!statement) return exported
  const { duckdb, parameters } = statement
  return `import { provideStatement } from ${from('aws/host.ts')}
provideStatement(${JSON.stringify({ duckdb, parameters })})
${exported}`
}

/** The statement for DuckDB; undefined for one that only Spark runs, where Spark may. */
async function translated(task: Task) {
  if (task.engine === 'spark' && mayUseSpark(task)) return undefined
  return translate(task)
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
