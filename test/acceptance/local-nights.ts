import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addSettings } from '../../cli/demo-state.ts'
import { openSession, runsIn } from '../../cli/session.ts'
import { prepareWorld } from '../../demo/demo.ts'
import { runStates } from '../../shared/core/run.ts'
import { stateFolder } from '../../shared/local/state.ts'
import { before, night, nightStarted, nights } from './nights.ts'

// The same nights on one machine, by the local runtime, with what every run came to after each: `local-nights.ts PROJECT FOLDER OUTSIDE`.
const [project, folder, outside] = process.argv.slice(2) as [string, string, string]
const state = join(folder, 'state')
mkdirSync(state, { recursive: true })
const world = await prepareWorld(join(folder, 'world'), outside)
addSettings(stateFolder(state).settings, world.settings)
const session = await openSession(project, { state, watched: { night } })
const settle = async () => session.settled(() => true)
await session.publish([before])
await settle()
for (const date of Object.values(nights)) {
  await session.publish([nightStarted(date)])
  await settle()
  writeFileSync(join(folder, `runs-${date}.json`), JSON.stringify(runsIn(session.ledger, runStates)))
}
await session.close()
await world.close()
