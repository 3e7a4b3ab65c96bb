import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { RedeyeError } from '../shared/core/errors.ts'
import type { Graph } from '../shared/core/graph.ts'
import type { Ledger } from '../shared/ports/ledger.ts'
import { regionsOf } from './deploy.ts'
import { exits } from './exits.ts'
import { findTask } from './find-names.ts'
import { osls, whyItFailed } from './osls-command.ts'
import { count, paint, say } from './output.ts'

export interface RetireOptions {
  stage: string
  region?: string
  /** Minutes that running attempts have to end; then they are cancelled with the task. */
  drain?: number
}

// The longest that one invocation of work lasts.
const DRAIN_MINUTES = 15
const LOOK_MS = 5000

/** Lets what runs of a task end, then removes its stack; its contract is retired with it, and what it has made stays. */
export async function retire(root: string, task: string, options: RetireOptions): Promise<number> {
  const folder = join(root, 'services', task)
  if (!existsSync(join(folder, 'serverless.yml')))
    throw new RedeyeError('UNKNOWN_NAME', `there is no services/${task}/serverless.yml`, {
      remedy: 'retire a task before its folder is deleted: take the folder back from the version control for this',
    })
  const { deploymentWorld, switchTask } = await import('../shared/aws/deploy/registration.ts')
  const regions = await regionsOf(root, options)
  const world = await deploymentWorld(options.stage, await writerOf(root, options, regions))
  const graph = await world.graph()
  const { output } = findTask(graph, task)
  for (const reader of readers(graph, output, task)) say(`${paint('yellow', 'warning')} ${reader} reads ${output}, which nothing will make`)
  await switchTask(world, task, true)
  const left = await drained(world.ledger, task, (options.drain ?? DRAIN_MINUTES) * 60_000)
  if (left > 0) say(`${count(left, 'attempt')} had no end in time and will be cancelled`)
  for (const region of regions) {
    const removed = await osls(folder, ['remove', '--stage', options.stage, '--region', region])
    if (removed.ok) continue
    say(whyItFailed(removed.output))
    return exits.no
  }
  say(`${paint('green', '✓')} ${task} is retired; the versions of ${output} stay`)
  return exits.ok
}

/** Of a stage’s regions the one that writes: only there a task is paused and retired. */
async function writerOf(root: string, { stage }: RetireOptions, regions: readonly string[]): Promise<string> {
  if (regions.length === 1) return regions[0]!
  const [{ stageSettings }, { sited }] = await Promise.all([
    import('../shared/aws/deploy/stage-settings.ts'),
    import('../shared/aws/deploy/site.ts'),
  ])
  const settings = stageSettings(root, stage)
  for (const region of regions) if ((await sited(settings, region, ['remove'])).site.active) return region
  return regions[0]!
}

const readers = (graph: Graph, output: string, task: string): string[] =>
  [...new Set(graph.readersOf(output).map(r => r.task.task))].filter(name => name !== task)

/** Waits until nothing of a task runs; resolves with how many still do when the time is over. */
async function drained(ledger: Pick<Ledger, 'runsInState'>, task: string, forMs: number): Promise<number> {
  const until = Date.now() + forMs
  for (;;) {
    const running = (await ledger.runsInState(task, ['running'])).length
    if (running === 0 || Date.now() >= until) return running
    say(`${count(running, 'attempt')} still at work`)
    await wait(LOOK_MS)
  }
}
