import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { World } from '../../demo/demo.ts'
import airportDay from '../../services/airport-day/task.ts'
import airportRegistry from '../../services/airport-registry/task.ts'
import flownFlights from '../../services/flown-flights/task.ts'
import loadAirportDays from '../../services/load-airport-days/task.ts'
import loadRoutes from '../../services/load-routes/task.ts'
import networkMonth from '../../services/network-month/task.ts'
import networkWeek from '../../services/network-week/task.ts'
import queueSessions from '../../services/queue-sessions/task.ts'
import routeDemand from '../../services/route-demand/task.ts'
import routePunctuality from '../../services/route-punctuality/task.ts'
import seatBookings from '../../services/seat-bookings/task.ts'
import sendLateRoutes from '../../services/send-late-routes/task.ts'
import siteLogs from '../../services/site-logs/task.ts'
import strikeReports from '../../services/strike-reports/task.ts'
import visitorList from '../../services/visitor-list/task.ts'
import webSessions from '../../services/web-sessions/task.ts'
import { createCompute } from '../../shared/compute/compute.ts'
import { neededBy } from '../../shared/core/mapping.ts'
import { isTimed, keyOf, ordinalOf, ordinalRange } from '../../shared/core/partition.ts'
import { folderLake } from '../../shared/local/lake.ts'
import type { SourceWorld } from '../../shared/ports/source.ts'
import type { Task } from '../../shared/task/index.ts'

const daily = [
  ...[flownFlights, seatBookings, siteLogs, airportRegistry, strikeReports],
  ...[airportDay, routePunctuality, webSessions, visitorList, routeDemand],
  ...[loadRoutes, loadAirportDays, sendLateRoutes, queueSessions],
]

/** Runs the services one after the other, without ledger and events, and says where each version is, by dataset and partition. */
export async function runServices({ settings }: World, lakeFolder: string, dates: readonly string[]): Promise<Map<string, string>> {
  const folders = new Map<string, string>()
  const source: SourceWorld = { fetch, secret: async name => settings[name]!, sleep: ms => wait(ms), now: () => Date.now() }
  const lake = folderLake(lakeFolder)
  const run = async (task: Task, partition: string) => {
    const version = `${task.output.name}/${partition}/g1-a1`
    const inputs = Object.fromEntries(Object.keys(task.inputs).map(alias => [alias, pinned(task, alias, partition, folders)]))
    const attempt = { task: task.name, partition, generation: 1, attempt: 1, folder: version, inputs, inputBytes: 0 }
    await createCompute(task, { lake, source }).run({ ...attempt, signal: new AbortController().signal, log: () => undefined })
    folders.set(`${task.output.name}@${partition}`, join(lakeFolder, version))
  }
  for (const date of dates) for (const task of daily) await run(task, date)
  await run(networkWeek, '2001-W05')
  await run(networkMonth, '2001-02')
  return folders
}

function pinned(task: Task, alias: string, partition: string, folders: Map<string, string>) {
  const { dataset, mapping } = task.inputs[alias]!
  const from = dataset.partition
  // A latest input takes the newest there is, which at the end of a night is the night's own.
  const needed =
    mapping.map === 'latest' ? undefined : neededBy(mapping, from, task.output.partition, ordinalOf(task.output.partition, partition)!)
  const keys = needed === undefined || !isTimed(from) ? [partition] : ordinalRange(from, needed.from, needed.to).map(o => keyOf(from, o))
  return keys
    .filter(key => folders.has(`${dataset.name}@${key}`))
    .map(key => ({ partition: key, version: 1, folder: `${dataset.name}/${key}/g1-a1` }))
}
