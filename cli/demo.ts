import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { nightsAfter, nightsBefore, prepareWorld, theNight, type World } from '../demo/demo.ts'
import type { NewEvent } from '../shared/core/events.ts'
import { stateFolder } from '../shared/local/state.ts'
import { epilogue, nextSteps } from './demo-epilogue.ts'
import { addSettings, prepareState, worldFolder } from './demo-state.ts'
import { exits } from './exits.ts'
import { interruptible } from './interrupt.ts'
import { NightShow, runsOfNight } from './night.ts'
import { NightView } from './night-view.ts'
import { paint, say } from './output.ts'
import { Progress } from './progress.ts'
import type { RunChange } from './run-follower.ts'
import { openSession, type Session } from './session.ts'
import { stateOf } from './state-of.ts'

export interface DemoOptions {
  state?: string
  json?: boolean
  /** Go on from what an earlier demo left. */
  keep?: boolean
  /** Only keep the services outside up. */
  serve?: boolean
}

// The demo is of Redeye's own project, wherever it is called.
const root = join(import.meta.dirname, '..')

/** February 2001 at an airline: two weeks filled in, one night shown, the rest of the month, and what it was all for. */
export async function demo(options: DemoOptions): Promise<number> {
  const folder = resolve(stateOf(root, options.state))
  if (!options.serve) prepareState(folder, options.keep ?? false)
  let world: World | undefined
  let session: Session | undefined
  let scene: Scene | undefined
  const close = async (dying: boolean) => {
    scene?.end()
    await session?.close(dying)
    await world?.close()
  }
  return interruptible(close, async () => {
    const building = new Progress('Building the world outside: real flights, a site’s logs, APIs', options)
    scene = building
    await buildAside(worldFolder(folder))
    world = await prepareWorld(worldFolder(folder))
    addSettings(stateFolder(folder).settings, world.settings)
    building.done()
    if (options.serve) return serve()
    const play = async (next: Scene, events: NewEvent[]) => {
      scene = next
      await session!.publish(events)
      await session!.settled(() => true)
    }
    session = await openSession(root, { state: folder, watched: { night: theNight }, onRun: (before, after) => scene!.note(before, after) })
    const failed = await threeActs(session, play, options)
    if (options.json) return failed ? exits.no : exits.ok
    await epilogue(await session.graph(), session.ledger, failed ? undefined : world.settings.WAREHOUSE!)
    nextSteps(root, options.state)
    return failed ? exits.no : exits.ok
  })
}

/** Builds the world in a thread of its own, where it has yet to be built: that takes a while, and the terminal goes on living. */
async function buildAside(folder: string): Promise<void> {
  const thread = new Worker(new URL('./demo-world-thread.ts', import.meta.url), { workerData: folder })
  await new Promise<void>((resolve, reject) => {
    thread.once('error', reject)
    thread.once('exit', () => resolve())
  })
}

/** What is shown while something goes on. */
interface Scene {
  note: RunChange
  end(): void
}

/** Resolves with whether a run failed. */
async function threeActs(
  session: Session,
  play: (scene: Scene, events: NewEvent[]) => Promise<void>,
  options: DemoOptions,
): Promise<boolean> {
  const graph = await session.graph()
  const ingests = graph.tasks.filter(t => t.onNight).map(t => t.task)
  const [first, last] = [nightsBefore[0]!, nightsBefore.at(-1)!]
  const before = new Progress(`A backfill of ${first} to ${last}`, options)
  await play(before, [{ type: 'RunRequested', detail: { id: 'demo-backfill', tasks: ingests, from: first, to: last } }])
  before.done()

  if (!options.json) say()
  const night = new NightShow(new NightView(graph, theNight), options)
  for (const doc of runsOfNight(session.ledger, graph, theNight)) night.view.note(doc)
  night.begin()
  await play(night, [{ type: 'NightStarted', detail: { date: theNight } }])
  const told = night.finish()
  if (!options.json) say()

  const after = new Progress(`The nights until ${nightsAfter.at(-1)}; weeks and the month close`, options)
  await play(
    after,
    nightsAfter.map(date => ({ type: 'NightStarted', detail: { date } })),
  )
  after.done()
  // The demo is about its one night, so that one has the last word.
  told.say()
  return before.failed + after.failed > 0 || told.exit !== exits.ok
}

/** Keeps the services outside up until Ctrl-C. */
function serve(): Promise<number> {
  say('The airline’s services are up: its airports and its wildlife strikes, and the crew desk that is delivered to.')
  say(paint('dim', 'Ctrl-C ends them.'))
  return new Promise(() => {})
}
