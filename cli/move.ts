import { setTimeout as wait } from 'node:timers/promises'
import type { Moved, MoveWorld } from '../shared/aws/move/move.ts'
import { RedeyeError } from '../shared/core/errors.ts'
import type { Incomplete } from '../shared/core/move.ts'
import { loadProject } from '../shared/task/project.ts'
import { exits } from './exits.ts'
import { count, paint, say, toJson } from './output.ts'

export interface MoveCommandOptions {
  stage: string
  check?: boolean
  /** The region that writes is not to be asked for anything. */
  lost?: boolean
  drain?: number
  settle?: number
  arrive?: number
  json?: boolean
}

// The longest that one invocation of work lasts.
const DRAIN_MINUTES = 15
// The longest that a decision lasts.
const SETTLE_SECONDS = 60
// What S3 promises for nearly all objects where one pays for the promise.
const ARRIVE_SECONDS = 900
const MINUTE_MS = 60_000

/** Makes another of a stage's two regions the one that writes. */
export async function moveStage(root: string, region: string, options: MoveCommandOptions): Promise<number> {
  const world = await openWorld(root, region, options)
  if (options.lost && !options.check && !options.json) for (const line of givenUp(world)) say(line)
  const { move } = await import('../shared/aws/move/move.ts')
  const began = Date.now()
  const moved = await move(world, {
    ...(options.check && { check: true }),
    drainMs: (options.drain ?? DRAIN_MINUTES) * MINUTE_MS,
    settleMs: (options.settle ?? SETTLE_SECONDS) * 1000,
    arriveMs: (options.arrive ?? ARRIVE_SECONDS) * 1000,
  })
  if (options.json) say(toJson({ ...moved, seconds: (Date.now() - began) / 1000 }))
  else show(moved, options)
  // Looked at: whether it could be moved as it is. Moved: whether anything is left for a person.
  return (options.check ? moved.incomplete.length + moved.running : moved.outside.length) > 0 ? exits.no : exits.ok
}

async function openWorld(root: string, region: string, options: MoveCommandOptions): Promise<MoveWorld> {
  const [{ stageSettings }, { otherRegion }, { secretsOf }, { stageRegion }] = await Promise.all([
    import('../shared/aws/deploy/stage-settings.ts'),
    import('../shared/aws/deploy/site.ts'),
    import('../shared/aws/deploy/service-roles.ts'),
    import('../shared/aws/move/stage-region.ts'),
  ])
  const stage = stageSettings(root, options.stage)
  const fromName = otherRegion(stage, region)
  const { services } = await loadProject(root)
  const settings = [...new Set(services.flatMap(s => secretsOf(s.task)))].sort()
  const open = (name: string) => stageRegion({ stage: options.stage, region: name, settings, sleep: wait })
  const unreachable = (cause: unknown) => {
    if (!(cause instanceof RedeyeError)) throw cause
    throw new RedeyeError(cause.code, `${fromName}: ${cause.message}`, {
      remedy: `${cause.remedy ?? ''}; if the region is lost: redeye move ${region} --stage ${options.stage} --lost`,
      cause,
    })
  }
  return {
    from: options.lost ? undefined : await open(fromName).catch(unreachable),
    fromName,
    to: await open(region),
    home: stage.region,
    now: Date.now,
    sleep: wait,
    tell: (step, text) => say(options.json ? toJson({ step, text }) : `${paint('dim', step.padEnd(9))} ${text}`),
  }
}

/** What a move without the old region cannot do. */
function givenUp({ fromName, to }: MoveWorld): string[] {
  return [
    `${paint('yellow', 'lost')}      ${fromName} is asked for nothing:`,
    '  - what it wrote in its last seconds may be missing here; such runs are made again, and their loads deliver again',
    '  - what it still runs is not stopped; here such runs count as lost when their lease is over, and are tried again',
    '  - files that had not been replicated are made anew, without waiting for them',
    `  - as soon as it can be reached again: redeye move ${to.name}, which switches it off`,
  ]
}

function show(moved: Moved, { check, stage }: MoveCommandOptions): void {
  const { to, versions, running, incomplete, reruns, outside } = moved
  say()
  if (check) {
    const left = [
      running > 0 && `${count(running, 'run')} at work`,
      incomplete.length > 0 && `${count(incomplete.length, 'version')} not whole`,
    ]
    const reasons = left.filter(Boolean).join(', ')
    say(
      reasons === ''
        ? `${paint('green', '✓')} ${to} has all of ${count(versions, 'version')}`
        : `${paint('yellow', '!')} in ${to}: ${reasons}`,
    )
    for (const one of incomplete) say(`  ${nameOf(one)}  ${paint('dim', one.keys.join(', '))}`)
    say(paint('dim', 'Nothing was changed.'))
    return
  }
  say(
    `${paint('green', '✓')} ${to} writes${moved.resumed ? '' : '; it is paused, as it was: redeye move does not end people’s own pauses'}`,
  )
  if (reruns.length > 0) say(`  ${count(incomplete.length - outside.length, 'version')} not whole: made anew`)
  for (const one of outside)
    say(`  ${paint('yellow', '!')} deliver again: ${nameOf(one)}, which nothing here makes  ${paint('dim', one.keys.join(', '))}`)
  say(paint('dim', `  redeye deploy --stage ${stage} brings the templates of both regions in line.`))
}

const nameOf = ({ dataset, partition }: Incomplete) => `${dataset}@${partition}`
