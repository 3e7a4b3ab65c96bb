import { RENEW_MS } from '../core/attempt.ts'
import { RedeyeError } from '../core/errors.ts'
import { keyOf, ordinalRange, type Partitioning } from '../core/partition.ts'
import { pinsHold } from '../core/place.ts'
import { type Pins, type RunDoc, versionFolder } from '../core/run.ts'
import { type Compute, type PinnedPartition, type SubmittedJob, Unfinished } from '../ports/compute.ts'
import type { AttemptName, Start } from '../ports/workers.ts'
import { inputsHash } from '../task/contract.ts'
import { errorText } from '../task/error-text.ts'
import type { Task } from '../task/task.ts'
import { beginWork, type Ended, finish, handOnWork, renewLease } from './attempt.ts'
import { recordJob } from './job.ts'
import type { World } from './world.ts'

// setTimeout takes no more; what is longer fires at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1

type Log = (message: string, fields?: Record<string, unknown>) => void

/**
 * The service's `work`: does one attempt's work under its lease and its timeout, and records how it ended. Where `yields` says that
 * the time of this invocation is nearly over, work that has a checkpoint goes on from there in a next one, as the same attempt.
 */
export async function work(world: World, task: Task, compute: Compute, told: Start, log: Log, yields?: () => boolean): Promise<void> {
  const { run: _, ...name } = told
  const begun = await beginWork(world, told)
  // Told twice, or overtaken before it began: whoever has the run now does its work.
  if (!begun) return
  const { lane, night } = begun.doc.cause ?? {}
  log('attempt began', { generation: name.generation, attempt: name.attempt, ...(lane && { lane }), ...(night && { night }) })
  const ended = await attempt(world, task, { run: a => compute.run(yields ? { ...a, yields } : a) }, name, begun.doc, log)
  if (ended === 'unfinished') {
    log('goes on in a next invocation')
    if (await handOnWork(world, name)) await world.workers.start(name)
    return
  }
  if ('job' in ended) {
    log((await recordJob(world, name, ended.job)) ? 'runs on Spark' : 'refused: the attempt is no longer the run’s own', { job: ended.job })
    return
  }
  const accepted = await finish(world, name, ended, begun)
  if (ended.ok) log(accepted ? 'published' : 'refused: the attempt is no longer the run’s own', { rows: ended.rows, bytes: ended.bytes })
  else log(`failed: ${ended.message}`, { failure: ended.failure, ...(ended.code && { code: ended.code }) })
}

async function attempt(
  world: World,
  task: Task,
  compute: Compute,
  name: AttemptName,
  doc: RunDoc,
  log: Log,
): Promise<Ended | SubmittedJob | 'unfinished'> {
  const stop = new AbortController()
  const renewing = setInterval(async () => {
    // A lease that cannot be renewed because the ledger does not answer is tried again; one that is another's ends the work.
    const own = await renewLease(world, name).catch(() => true)
    if (!own) stop.abort(new DOMException('the attempt is no longer the run’s own', 'AbortError'))
  }, RENEW_MS)
  // Its whole time, from now on: it may have waited for a worker since it was claimed. What goes on has what is left of it.
  const since = doc.handedOn === undefined ? (doc.startedAt ?? world.clock.now()) : world.clock.now()
  const timeoutMs = doc.deadline === undefined ? undefined : Math.max(0, doc.deadline - since)
  const timeout =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => stop.abort(new DOMException('the attempt’s time is over', 'TimeoutError')), Math.min(timeoutMs, LONGEST_TIMER_MS))
  try {
    if (!pinsHold(doc, { inputsHash: inputsHash(task) }))
      throw new RedeyeError('INPUTS_CHANGED', `${task.name} was deployed with other inputs than ${name.partition} has pinned`, {
        failure: 'transient',
        remedy: 'nothing: the run is tried again, on the inputs that the task has by then',
      })
    const { generation, attempt } = name
    const made = await compute.run({
      task: task.name,
      partition: name.partition,
      generation,
      attempt,
      folder: versionFolder(name.dataset, name.partition, generation, attempt),
      inputs: pinnedInputs(task, doc.pins),
      signal: stop.signal,
      ...(doc.handedOn && { handedOn: true }),
      ...(doc.ended?.resources && { outgrown: true }),
      ...(doc.cause && { cause: doc.cause }),
      log,
    })
    return 'job' in made ? made : { ok: true, rows: made.rows, bytes: made.bytes, schemaHash: made.schemaHash }
  } catch (error) {
    if (error instanceof Unfinished) return 'unfinished'
    if (error instanceof RedeyeError) return { ok: false, failure: error.failure, code: error.code, message: errorText(error, task) }
    // What no code of ours foresaw is a mistake in the task's own: trying again would repeat it.
    return { ok: false, failure: 'user', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  } finally {
    clearInterval(renewing)
    clearTimeout(timeout)
  }
}

/** The pinned partitions of each input, by its alias: pins stand in the order of the task's inputs. */
export function pinnedInputs(task: Task, pins: Pins | undefined): Record<string, PinnedPartition[]> {
  return Object.fromEntries(
    Object.entries(task.inputs).map(([alias, { dataset }], i) => [
      alias,
      (pins?.inputs[i] ?? []).flatMap(([from, to, version, generation, attempt]) =>
        ordinalRange(dataset.partition as Partitioning, from, to).map(ordinal => {
          const partition = keyOf(dataset.partition, ordinal)
          return { partition, version, folder: versionFolder(dataset.name, partition, generation, attempt) }
        }),
      ),
    ]),
  )
}
