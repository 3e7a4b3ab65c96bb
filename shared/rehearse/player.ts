import { type RunDoc, runName } from '../core/run.ts'
import { runKey } from '../engine/keys.ts'
import { checkExpectation } from './check.ts'
import { StoryHost } from './host.ts'
import type { RunName, Step, Story } from './story.ts'
import type { OpenStoryLedger } from './story-ledger.ts'

/** An expectation that does not hold: where, and an account for people. */
export class StoryFailure extends Error {
  readonly line: number
  constructor(line: number, message: string) {
    super(message)
    this.name = 'StoryFailure'
    this.line = line
  }
}

/** Plays a story on the real engine; rejects with a StoryFailure at the first expectation that does not hold. */
export async function play(story: Story, open?: OpenStoryLedger): Promise<StoryHost> {
  const host = new StoryHost(story, story.now, open)
  await host.deploy()
  await host.drain()
  for (const step of story.steps) {
    await perform(host, step)
    await host.drain()
  }
  return host
}

async function perform(host: StoryHost, step: Step): Promise<void> {
  switch (step.step) {
    case 'night':
      return host.publish([{ type: 'NightStarted', detail: { date: step.date } }])
    case 'ready':
      return host.ready(step.partitions)
    case 'outcome':
      for (const { run, classes } of step.outcomes) host.script(nameOf(run), classes)
      return
    case 'hold':
      return host.hold(step.tasks)
    case 'finish':
      for (const { run, of } of step.runs) await host.end({ ...run, ...(of ?? (await newest(host, run))) }, 'ok')
      return
    case 'fail':
      for (const { run, failure } of step.runs) {
        if (failure === 'lost') host.vanish(nameOf(run))
        else await host.end({ ...run, ...(await newest(host, run)) }, failure)
      }
      return
    case 'advance':
      return host.advance(host.now + step.durationMs)
    case 'until':
      return host.advance(step.at)
    case 'pause':
      return host.publish([{ type: 'TaskPaused', detail: { task: step.task ?? 'all' } }])
    case 'resume':
      return host.publish([{ type: 'TaskResumed', detail: { task: step.task ?? 'all' } }])
    case 'cancel':
    case 'approve': {
      const type = step.step === 'cancel' ? 'RunCancelled' : 'RunApproved'
      return host.publish(step.runs.map(({ task, partition }) => ({ type, detail: { task, partition } })))
    }
    case 'request': {
      const { id, maxActive, ...wish } = step.request
      return host.publish([
        {
          type: 'RunRequested',
          detail: { ...wish, tasks: [...wish.tasks], ...(id !== undefined && { id }), ...(maxActive !== undefined && { maxActive }) },
        },
      ])
    }
    case 'skip':
      return host.publish(step.partitions.map(({ dataset, partition }) => ({ type: 'PartitionSkipped', detail: { dataset, partition } })))
    case 'redeliver':
      return host.redeliver(step.what)
    case 'lose':
      return host.lose(step.count)
    case 'restart':
      return host.restart()
    case 'expect':
      return checkExpectation(host, step.line, step.expect)
    default:
      return step satisfies never
  }
}

export const nameOf = (run: RunName): string => runName(run.task, run.partition)

async function newest(host: StoryHost, run: RunName): Promise<{ generation: number; attempt: number }> {
  const doc = (await host.ledger.get<RunDoc>(runKey(run.dataset, run.partition)))?.doc
  return { generation: doc?.generation ?? 0, attempt: doc?.attempt ?? 0 }
}
