import type { Graph } from '../shared/core/graph.ts'
import type { World } from '../shared/engine/world.ts'
import { leaveEvents } from '../shared/local/bus.ts'
import { systemClock } from '../shared/local/clock.ts'
import { folderLake } from '../shared/local/lake.ts'
import type { SqliteLedger } from '../shared/local/ledger.ts'

/**
 * The world of a state folder on which no runtime runs: what people decide (a pause, a cancel) can be written, events are kept
 * for the next runtime, and nothing starts.
 */
export function restingWorld(ledger: SqliteLedger, graph: Graph, lake: string): World {
  const nothing = async () => {}
  return {
    ledger,
    graph: async () => graph,
    lake: folderLake(lake),
    clock: systemClock(),
    chance: { next: Math.random },
    laneLimits: {},
    bus: { publish: async events => void leaveEvents(ledger, events) },
    // The sweep with which a runtime starts finds what is due.
    timers: { set: nothing },
    workers: { start: nothing, stop: nothing },
    notifier: { alert: nothing, notice: nothing, platform: nothing },
    deadLetters: { put: nothing },
  }
}
