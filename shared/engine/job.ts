import { runsAs } from '../core/attempt.ts'
import type { FailureClass } from '../core/errors.ts'
import type { Manifest } from '../core/manifest.ts'
import { type RunDoc, type RunError, versionFolder } from '../core/run.ts'
import { moreOfSpark } from '../core/sizes.ts'
import type { Lake } from '../ports/lake.ts'
import type { JobStatus } from '../ports/spark.ts'
import type { AttemptName } from '../ports/workers.ts'
import { type Ended, finish } from './attempt.ts'
import { runKey } from './keys.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/*
 * An attempt whose work is a Spark job. `work` submits the job and is gone; whatever the job's service says later, once, twice or in
 * contradiction, only makes somebody look here: a version whose manifest is in the attempt's folder was made, and nothing else was.
 */

/** Writes down which job does an attempt's work; a job that is not to go on (overtaken, cancelled, a second one) is ended. */
export async function recordJob(world: World, name: AttemptName, job: string): Promise<boolean> {
  const { written } = await swap<RunDoc>(
    world,
    runKey(name.dataset, name.partition),
    doc => doc && runsAs(doc, name, job, world.clock.now()),
  )
  if (!written) await world.spark?.cancel(job)
  return written
}

/** Something was heard of a job, or nothing for a while: while it runs its attempt is alive, and once it is over the attempt has ended. */
export async function heedJob(world: World, job: string): Promise<void> {
  const status = await world.spark?.status(job)
  if (!status) return
  if (status.state === 'running') await recordJob(world, status.attempt, job)
  else await finish(world, { ...status.attempt, job }, await outcomeOf(world.lake, status))
}

/** What a job that is over has come to, by its attempt's folder; by its service's words only where that says nothing. */
export async function outcomeOf(lake: Pick<Lake, 'get'>, { attempt, state, message = '' }: JobStatus): Promise<Ended> {
  const folder = versionFolder(attempt.dataset, attempt.partition, attempt.generation, attempt.attempt)
  const made = await read<Manifest>(lake, `${folder}/manifest.json`)
  if (made) return { ok: true, rows: made.rows, bytes: made.bytes, schemaHash: made.schemaHash }
  const failed = await read<RunError>(lake, `${folder}/failure.json`)
  return { ok: false, ...(failed ?? unsaid(state, message)) }
}

async function read<T>(lake: Pick<Lake, 'get'>, key: string): Promise<T | undefined> {
  const bytes = await lake.get(key)
  return bytes && (JSON.parse(new TextDecoder().decode(bytes)) as T)
}

/*
 * What a job that ended without a word of its own died of, in the words of EMR Serverless and of Spark: a driver or executor that took
 * more memory than it has ends with code 137 or an OutOfMemoryError, a job that ran too long says that it timed out.
 */
const reasons: [RegExp, FailureClass, RunError['code']][] = [
  [/OutOfMemoryError|exit (code|status):? ?137|exceeding memory limits/i, 'resources', 'OUT_OF_MEMORY'],
  [/No space left on device/i, 'resources', 'OUT_OF_DISK'],
  [/timed? ?out/i, 'timeout', 'ATTEMPT_ENDED'],
]

function unsaid(state: JobStatus['state'], message: string): RunError {
  const [, failure, code] = reasons.find(([words]) => words.test(message)) ?? [undefined, 'lost' as const, 'WORKER_LOST']
  const more = { OUT_OF_MEMORY: moreOfSpark.memory, OUT_OF_DISK: moreOfSpark.disk }[code as string]
  const said = `the job ${state} without a word of the attempt${message && `: ${message}`}`
  return { failure, code: code!, message: more ? `${said}; ${more}` : said }
}
