import type { RunDoc } from '../shared/core/run.ts'
import { runName } from '../shared/core/run.ts'
import type { Runtime } from '../shared/local/runtime.ts'
import { endedLine, endedRun, retryLine } from './ended-run.ts'
import { exits } from './exits.ts'
import { hostProject } from './host.ts'
import { interruptible } from './interrupt.ts'
import { clockText, firstLine } from './measures.ts'
import { count, paint, say } from './output.ts'

/** What `redeye dev` starts: the runtime with the project as it is now, saying what happens, until its parent lets go of it. */
export async function devHost(root: string, options: { state?: string }): Promise<number> {
  let runtime: Runtime | undefined
  return interruptible(
    async dying => runtime?.close(dying),
    async () => {
      const hosted = await hostProject(root, {
        ...options,
        onRun: (before, after) => tell(before, after),
        onMessage: message => say(`${now()}  ${paint('yellow', '!')} ${firstLine(message)}`),
      })
      runtime = hosted.runtime
      say(`${now()}  ${paint('green', 'up')}  ${count(hosted.project.services.length, 'task')}`)
      // A parent that is killed lets go too: then nobody is left behind.
      await new Promise<void>(resolve => (process.connected ? process.once('disconnect', resolve) : resolve()))
      return exits.ok
    },
  )
}

const now = () => paint('dim', clockText(Date.now()))

function tell(before: RunDoc | undefined, after: RunDoc): void {
  const line = lineOf(before, after)
  if (line) say(`${now()}  ${line}`)
}

/** What a change of a run's document means, where it means something to people. */
function lineOf(before: RunDoc | undefined, after: RunDoc): string | undefined {
  if (after.task === undefined) {
    const arrived = (after.version?.number ?? 0) > (before?.version?.number ?? 0)
    return arrived ? `${paint('green', '+')} ${after.dataset}@${after.partition}  ${paint('dim', 'delivered')}` : undefined
  }
  const ended = endedRun(before, after)
  if (ended) return endedLine(ended)
  const name = runName(after.task, after.partition)
  if (before?.state === after.state && before?.attempt === after.attempt && before?.generation === after.generation) return undefined
  switch (after.state) {
    case 'running':
      return `${paint('cyan', '▸')} ${name}  ${paint('dim', after.attempt > 1 ? `attempt ${after.attempt}` : 'begins')}`
    case 'queued':
      return retryLine(before, after) ?? `${paint('dim', '○')} ${name}  ${paint('dim', 'queued')}`
    case 'held':
      return `${paint('yellow', '!')} ${name}  held: redeye approve or redeye cancel`
    default:
      return undefined
  }
}
