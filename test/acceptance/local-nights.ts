import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addSettings } from '../../cli/demo-state.ts'
import { openSession, runsIn } from '../../cli/session.ts'
import { prepareWorld } from '../../demo/demo.ts'
import { runStates } from '../../shared/core/run.ts'
import { stateFolder } from '../../shared/local/state.ts'
import { nights, steps } from './nights.ts'

// The same nights on one machine, by the local runtime, with what every run had come to after each: `local-nights.ts PROJECT FOLDER OUTSIDE`.
const [project, folder, outside] = process.argv.slice(2) as [string, string, string]
const state = join(folder, 'state')
mkdirSync(state, { recursive: true })
const world = await prepareWorld(join(folder, 'world'), outside)
addSettings(stateFolder(state).settings, world.settings)
const session = await openSession(project, { state, watched: { night: nights.whole } })
for (const { outcome, event } of steps) {
  await session.publish([event])
  await session.settled(() => true)
  writeFileSync(join(folder, `${outcome}.json`), JSON.stringify(runsIn(session.ledger, runStates)))
}
await session.close()
await world.close()
