import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { RedeyeError } from '../shared/core/errors.ts'
import type { Graph } from '../shared/core/graph.ts'
import { cancelOpenRuns, retireTask, stillToStop } from '../shared/engine/deploy.ts'
import type { World } from '../shared/engine/world.ts'
import type { Ledger } from '../shared/ports/ledger.ts'
import { regionsOf } from './deploy.ts'
import { exits } from './exits.ts'
import { findTask } from './find-names.ts'
import { osls, whyItFailed } from './osls-command.ts'
import { count, paint, say } from './output.ts'
import { reaching } from './reaching.ts'

export interface RetireOptions {
  stage: string
  region?: string
  /** Minutes that running attempts have to end; then they are cancelled with the task. */
  drain?: number
}

/** What retiring asks of AWS. */
export interface RetireWorld {
  open(stage: string, region: string): Promise<World>
  osls: typeof osls
  wait(ms: number): Promise<unknown>
}

const aws: RetireWorld = {
  open: async (stage, region) => reaching((await import('../shared/aws/deploy/registration.ts')).deploymentWorld(stage, region)),
  osls,
  wait,
}

// The longest that one invocation of work lasts.
const DRAIN_MINUTES = 15
// The relay stops a cancelled attempt within seconds; what it misses, the service's next sweep does.
const STOP_MINUTES = 20
const MINUTE_MS = 60_000
const LOOK_MS = 5000

/**
 * Ends a task's life on a stage: pauses it, lets what runs end, cancels the rest and sees it stopped, removes its stack, and retires its
 * contract. What it has made stays. Whatever fails, the same command goes on from there.
 */
export async function retire(root: string, task: string, options: RetireOptions, on = aws): Promise<number> {
  const folder = join(root, 'services', task)
  if (!existsSync(join(folder, 'serverless.yml')))
    throw new RedeyeError('UNKNOWN_NAME', `there is no services/${task}/serverless.yml`, {
      remedy: 'retire a task before its folder is deleted: take the folder back from the version control for this',
    })
  const regions = await regionsOf(root, options)
  const writer = await writerOf(root, options.stage, regions)
  if (!regions.includes(writer)) return (await removed(folder, task, options, regions, on)) ? exits.ok : exits.no
  const world = await on.open(options.stage, writer)
  const graph = await world.graph()
  const { output } = findTask(graph, task)
  for (const reader of readers(graph, output, task)) say(`${paint('yellow', 'warning')} ${reader} reads ${output}, which nothing will make`)
  const { switchTask } = await import('../shared/aws/deploy/registration.ts')
  await switchTask(world, task, true)
  await drained(world.ledger, task, (options.drain ?? DRAIN_MINUTES) * MINUTE_MS, on)
  if (!(await stopped(world, task, output, on))) return goesOn(task, options, 'and its attempts are not stopped yet')
  // Where it writes last: that its contract is there is what lets the command go on after a failure elsewhere.
  const ordered = [...regions.filter(region => region !== writer), writer]
  if (!(await removed(folder, task, options, ordered, on))) return goesOn(task, options, 'and its stack is not removed')
  // The service's plugin has done the same when osls removed it; then this changes nothing.
  await retireTask(world, task)
  await switchTask(world, task, false)
  say(`${paint('green', '✓')} ${task} is retired; the versions of ${output} stay`)
  return exits.ok
}

/** What a failure has left, and how to go on or back. */
function goesOn(task: string, { stage }: RetireOptions, why: string): number {
  say(`${task} is paused, its open runs are cancelled, ${why}; its contract stands`)
  say(`  ${paint('dim', '→')} to go on: redeye retire ${task} --stage ${stage}`)
  say(
    `  ${paint('dim', '→')} to keep it: redeye deploy ${task} --stage ${stage}, publish TaskResumed for it, and request the cancelled runs again`,
  )
  return exits.no
}

/** Of a stage’s regions the one that writes: only there a task is paused and retired. */
async function writerOf(root: string, stage: string, regions: readonly string[]): Promise<string> {
  const [{ stageSettings }, { sited }] = await Promise.all([
    import('../shared/aws/deploy/stage-settings.ts'),
    import('../shared/aws/deploy/site.ts'),
  ])
  const settings = stageSettings(root, stage)
  if (settings.standby === '') return regions[0]!
  const { site } = await sited(settings, regions[0]!, ['remove'])
  return site.active ? regions[0]! : [settings.region, settings.standby].find(region => region !== regions[0])!
}

const readers = (graph: Graph, output: string, task: string): string[] =>
  [...new Set(graph.readersOf(output).map(r => r.task.task))].filter(name => name !== task)

/** Waits until nothing of a task runs, or the time is over. */
async function drained(ledger: Pick<Ledger, 'runsInState'>, task: string, forMs: number, on: RetireWorld): Promise<void> {
  for (let left = forMs; ; left -= LOOK_MS) {
    const running = (await ledger.runsInState(task, ['running'])).length
    if (running === 0) return
    if (left <= 0) return say(`${count(running, 'attempt')} had no end in time and will be cancelled`)
    say(`${count(running, 'attempt')} still at work`)
    await on.wait(LOOK_MS)
  }
}

/** Cancels what is open and waits until its attempts are stopped, Spark jobs among them: after the stack is gone nobody repairs what is missed. */
async function stopped(world: World, task: string, output: string, on: RetireWorld): Promise<boolean> {
  const cancelled = await cancelOpenRuns(world, task)
  if (cancelled.length > 0) say(`${count(cancelled.length, 'run')} cancelled`)
  for (let left = STOP_MINUTES * MINUTE_MS; ; left -= LOOK_MS) {
    const stopping = (await stillToStop(world, output, cancelled)).length
    if (stopping === 0) return true
    if (left <= 0) return false
    say(`${count(stopping, 'attempt')} being stopped`)
    await on.wait(LOOK_MS)
  }
}

/** Removes the service's stack in one region after the other; where it is gone already that does nothing. */
async function removed(
  folder: string,
  task: string,
  { stage }: RetireOptions,
  regions: readonly string[],
  on: RetireWorld,
): Promise<boolean> {
  for (const region of regions) {
    const { ok, output } = await on.osls(folder, ['remove', '--stage', stage, '--region', region])
    say(`${ok ? paint('green', '✓') : paint('red', '✗')} the stack of ${task} in ${region}${ok ? ' is removed' : ''}`)
    if (ok) continue
    say(whyItFailed(output))
    return false
  }
  return true
}
