import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { RedeyeError } from '../shared/core/errors.ts'
import { type Envelope, type NewEvent, SOURCE } from '../shared/core/events.ts'
import type { Graph } from '../shared/core/graph.ts'
import type { RunDoc } from '../shared/core/run.ts'
import { decide } from '../shared/engine/decide.ts'
import { type PauseDoc, runKey } from '../shared/engine/keys.ts'
import { requests } from '../shared/engine/requests.ts'
import { holdState, stateFolder } from '../shared/local/state.ts'
import { exits } from './exits.ts'
import { findPartition, findRun, findTask } from './find-names.ts'
import { soundProject } from './host.ts'
import { interruptible } from './interrupt.ts'
import { openState } from './open-state.ts'
import { say, toJson } from './output.ts'
import { Progress } from './progress.ts'
import { restingWorld } from './resting-world.ts'
import { closeOpened, graphOf, openSession, type Session } from './session.ts'
import { stateOf } from './state-of.ts'

export interface OperateOptions {
  state?: string
  json?: boolean
}

/** Nothing of a task, or of any, is claimed until it is resumed. */
export async function pause(root: string, task: string, options: OperateOptions): Promise<number> {
  await knownTask(root, task, options)
  const event: NewEvent = { type: 'TaskPaused', detail: { task } }
  await decideAtRest(root, event, options)
  return tell(event, `${task === 'all' ? 'Everything' : task} is paused; redeye resume ${task} lets it go on.`, true, options)
}

/** What was kept by a pause may start. */
export async function resume(root: string, task: string, options: OperateOptions): Promise<number> {
  await knownTask(root, task, options)
  const exit = await carryOut(root, { type: 'TaskResumed', detail: { task } }, `Resuming ${task === 'all' ? 'everything' : task}`, options)
  if (!options.json) await sayStillPaused(root, task, options)
  return exit
}

/** A task's pause and that of everything are two switches: who turns one is told of the other. */
async function sayStillPaused(root: string, resumed: string, options: OperateOptions): Promise<void> {
  const state = openState(root, options.state)
  try {
    const paused = (await state.ledger.query<PauseDoc>('pause')).flatMap(({ doc }) => (doc.paused ? [doc.task] : []))
    const still = resumed === 'all' ? paused : paused.filter(task => task === 'all')
    if (still.length > 0) say(`still paused: ${still.map(nameOfPause).join(', ')}; redeye resume ${still.length > 1 ? 'NAME' : still[0]}`)
  } finally {
    state.close()
  }
}

const nameOfPause = (task: string) => (task === 'all' ? 'everything' : task)

/** A run is stopped, and stays so until a request selects it. */
export async function cancel(root: string, name: string, options: OperateOptions): Promise<number> {
  const { task, partition, doc } = await knownRun(root, name, options)
  const event: NewEvent = { type: 'RunCancelled', detail: { task, partition } }
  if (doc?.state === undefined || ['succeeded', 'failed', 'cancelled'].includes(doc.state))
    return tell(event, `${name} is ${doc?.state ?? 'not there'}: nothing to cancel.`, false, options)
  await decideAtRest(root, event, options)
  return tell(event, `${name} is cancelled.`, true, options)
}

/** A held run may run. */
export async function approve(root: string, name: string, options: OperateOptions): Promise<number> {
  const { task, partition, doc } = await knownRun(root, name, options)
  const event: NewEvent = { type: 'RunApproved', detail: { task, partition } }
  if (doc?.state !== 'held') return tell(event, `${name} is ${doc?.state ?? 'not there'}, not held: nothing to approve.`, false, options)
  return carryOut(root, event, `Approving ${name}`, options)
}

/** A partition that will not come counts as not existing until a version of it is published. */
export async function skip(root: string, name: string, options: OperateOptions): Promise<number> {
  const graph = await deployed(root, options)
  const { contract, partition } = findPartition(graph, name)
  return carryOut(root, { type: 'PartitionSkipped', detail: { dataset: contract.dataset, partition } }, `Skipping ${name}`, options)
}

/** Files become a version of an outside dataset's partition, once they fit its columns. */
export async function deliver(root: string, name: string, files: readonly string[], options: OperateOptions): Promise<number> {
  const { graph } = await soundProject(root)
  const { contract, partition } = findPartition(graph, name)
  if (!contract.outside)
    throw new RedeyeError(
      'BAD_DELIVERY',
      `${contract.dataset} is made by ${graph.producerOf(contract.dataset)?.task ?? 'a task'}, not outside`,
      {
        remedy: 'declare it with outside: true, or deliver to another dataset',
      },
    )
  const paths = files.map(file => resolve(file))
  const absent = paths.find(path => !existsSync(path))
  if (absent) throw new RedeyeError('BAD_ARGUMENT', `there is no file ${absent}`, { remedy: 'name files that exist' })
  const event: NewEvent = { type: 'VersionDelivered', detail: { dataset: contract.dataset, partition, files: paths } }
  return carryOut(root, event, `Delivering ${name}`, options)
}

/** Says whether an event took effect, to people or as data: 1 when it did not. */
function tell(event: NewEvent, text: string, done: boolean, { json }: OperateOptions): number {
  say(json ? told(event, done) : text)
  return done ? exits.ok : exits.no
}

const told = ({ type, detail }: NewEvent, done: boolean) => toJson({ event: type, ...detail, done })

async function deployed(root: string, options: OperateOptions): Promise<Graph> {
  const state = openState(root, options.state)
  try {
    return await graphOf(state.ledger)
  } finally {
    state.close()
  }
}

async function knownTask(root: string, task: string, options: OperateOptions): Promise<void> {
  const graph = await deployed(root, options)
  if (task !== 'all') findTask(graph, task)
}

async function knownRun(root: string, name: string, options: OperateOptions) {
  const state = openState(root, options.state)
  try {
    const { contract, partition } = findRun(await graphOf(state.ledger), name)
    const doc = (await state.ledger.get<RunDoc>(runKey(contract.output, partition)))?.doc
    return { task: contract.task, partition, doc }
  } finally {
    state.close()
  }
}

/** Gives an event to a runtime, our own or the one that runs, and waits until what follows has happened, or there until it was taken. */
async function carryOut(root: string, event: NewEvent, title: string, options: OperateOptions): Promise<number> {
  const progress = new Progress(title, options)
  let opening: Promise<Session> | undefined
  const close = async (dying: boolean) => {
    progress.end()
    await closeOpened(opening, dying)
  }
  return interruptible(close, async () => {
    opening = openSession(root, {
      ...options,
      watched: 'nothing',
      onRun: (before, after) => progress.note(before, after),
    })
    const session = await opening
    await session.publish([event])
    await session.settled(() => true)
    progress.done(session.refusals().length > 0 ? 'refused' : 'done')
    refuse(session.refusals())
    if (options.json) say(told(event, true))
    return progress.failed > 0 ? exits.no : exits.ok
  })
}

/** Throws for events that ended among the dead letters. */
export function refuse(refusals: readonly string[]): void {
  if (refusals.length > 0) throw new RedeyeError('BAD_EVENT', refusals[0]!, { remedy: 'redeye status lists what could not be delivered' })
}

/**
 * Has what stops things decided: by the runtime that runs, or else here and now, on the ledger alone. A runtime of our own
 * would first begin what is to be stopped.
 */
async function decideAtRest(root: string, event: NewEvent, options: OperateOptions): Promise<void> {
  const folder = stateOf(root, options.state)
  let held: { release(): void }
  try {
    held = holdState(folder)
  } catch (error) {
    if (error instanceof RedeyeError && error.code === 'ALREADY_RUNNING') return leave(root, event, options)
    throw error
  }
  const state = openState(root, options.state)
  try {
    const world = restingWorld(state.ledger, await graphOf(state.ledger), stateFolder(folder).lake)
    if (event.type === 'RunCancelled') await decide(world, event.detail.task, envelopeOf(event))
    else await requests(world, envelopeOf(event))
  } finally {
    state.close()
    held.release()
  }
}

async function leave(root: string, event: NewEvent, options: OperateOptions): Promise<void> {
  const session = await openSession(root, { ...options, watched: 'nothing' })
  try {
    await session.publish([event])
    await session.settled(() => true)
    refuse(session.refusals())
  } finally {
    await session.close()
  }
}

function envelopeOf({ type, detail }: NewEvent): Envelope {
  const time = new Date().toISOString()
  return {
    version: '0',
    id: `cli-${time}`,
    'detail-type': type,
    source: SOURCE,
    account: 'local',
    time,
    region: 'local',
    resources: [],
    detail,
  }
}
