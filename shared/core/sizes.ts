/*
 * The sizes that a task may be given, and what to do about work that outgrows them. Lambda's are in its documentation's page of quotas,
 * those of EMR Serverless's workers in its page on the behaviour of applications.
 */

/** The least and the most memory in MB that a task's work may have on Lambda, and what it has unless given: a whole core comes with it. */
export const LEAST_FUNCTION_MB = 512
export const MOST_FUNCTION_MB = 10_240
export const DEFAULT_FUNCTION_MB = 1769

/** The same of its disk: inputs are downloaded and SQL spills there. Four gigabytes cost half a percent of the memory's price. */
export const LEAST_DISK_MB = 512
export const MOST_DISK_MB = 10_240
export const DEFAULT_DISK_MB = 4096

/** The same of each worker of a Spark job, in GB. */
export const LEAST_SPARK_GB = 8
export const MOST_SPARK_GB = 120
export const DEFAULT_SPARK_GB = 16
export const LEAST_SPARK_DISK_GB = 20
export const MOST_SPARK_DISK_GB = 200

/** What to do about work that a function of so many MB cannot hold. */
export function moreMemory(memoryMb = DEFAULT_FUNCTION_MB): string {
  return memoryMb < MOST_FUNCTION_MB ? set('memoryMb', Math.min(memoryMb * 2, MOST_FUNCTION_MB)) : noLarger
}

/** What to do about work that a function's disk of so many MB cannot hold. */
export function moreDisk(diskMb = DEFAULT_DISK_MB): string {
  return diskMb < MOST_DISK_MB ? set('diskMb', Math.min(diskMb * 2, MOST_DISK_MB)) : noLarger
}

/** What to do about a Spark job whose workers cannot hold its work. */
export const moreOfSpark = {
  memory: `set spark.memoryGb in its task.ts, ${DEFAULT_SPARK_GB} unless given and ${MOST_SPARK_GB} at most`,
  disk: `set spark.diskGb in its task.ts, ${LEAST_SPARK_DISK_GB} unless given and ${MOST_SPARK_DISK_GB} at most`,
}

const set = (name: string, to: number) => `set ${name} to ${to} in its task.ts`

const noLarger = "make its work smaller; SQL may be given engine: 'spark' in its task.ts"
