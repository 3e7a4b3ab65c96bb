import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ServiceFunctions } from '../engine/lambda.ts'
import type { ServicesModule } from './thread.ts'

/** A project's services as threads load them: each task's handler.ts, when its first attempt comes. */
export const workOf: ServicesModule['workOf'] = async (task, data) => {
  const functions = await handlerOf((data as { root: string }).root, task)
  return functions.work as Awaited<ReturnType<ServicesModule['workOf']>>
}

/** What services/TASK/handler.ts exports. */
export async function handlerOf(root: string, task: string): Promise<ServiceFunctions> {
  return (await import(pathToFileURL(join(root, 'services', task, 'handler.ts')).href)) as ServiceFunctions
}
