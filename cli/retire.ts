import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { RedeyeError } from '../shared/core/errors.ts'
import type { Graph } from '../shared/core/graph.ts'
import type { Ledger } from '../shared/ports/ledger.ts'
import { regionOf } from './deploy.ts'
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
  const region = regionOf(options)
  const folder = join(root, 'services', task)
  if (!existsSync(join(folder, 'serverless.yml')))
    throw new RedeyeError('UNKNOWN_NAME', `there is no services/${task}/serverless.yml`, {
      remedy: 'retire a task before its folder is deleted: take the folder back from the version control for this',
    })
  const { deploymentWorld, switchTask } = await import('../shared/aws/deploy/registration.ts')
  const world = await deploymentWorld(options.stage, region)
  const graph = await world.graph()
  const { output } = findTask(graph, task)
  for (const reader of readers(graph, output, task)) say(`${paint('yellow', 'warning')} ${reader} reads ${output}, which nothing will make`)
  await switchTask(world, task, true)
  const left = await drained(world.ledger, task, (options.drain ?? DRAIN_MINUTES) * 60_000)
  if (left > 0) say(`${count(left, 'attempt')} had no end in time and will be cancelled`)
  const removed = await osls(folder, ['remove', '--stage', options.stage, ...(options.region ? ['--region', options.region] : [])])
  say(removed.ok ? `${paint('green', '✓')} ${task} is retired; the versions of ${output} stay` : whyItFailed(removed.output))
  return removed.ok ? exits.ok : exits.no
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
