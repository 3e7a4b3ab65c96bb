import { theHost } from '../../shared/engine/host.ts'
import { work } from '../../shared/engine/work.ts'
import type { ServicesModule } from '../../shared/local/thread.ts'
import type { Task } from '../../shared/task/task.ts'

/** A task of the crowd, as far as its work asks. */
export const crowdTask = (name: string) => ({ name, inputs: {}, output: {} }) as unknown as Task

/** Shared by all threads: how many short attempts have been at work. */
export interface CrowdData {
  worked: Int32Array
  short: number
}

/** Works that take no time, except one that holds its thread until all the others have been at work. */
export const workOf: ServicesModule['workOf'] = async (name, data) => {
  const { worked, short } = data as CrowdData
  return async attempt => {
    const { world, logger } = theHost()
    const run = async () => {
      if (name !== 'long') Atomics.add(worked, 0, 1)
      else while (Atomics.load(worked, 0) < short) Atomics.wait(worked, 1, 0, 5)
      return { format: 1 as const, ...attempt, files: [], rows: 0, bytes: 0, columns: {}, schema: '', schemaHash: '' }
    }
    await work(world, crowdTask(name), { run }, attempt, logger(attempt))
  }
}
