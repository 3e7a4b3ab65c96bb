import type { TaskContract } from '../core/contract.ts'
import type { Graph } from '../core/graph.ts'
import type { Bus } from '../ports/bus.ts'
import type { Chance } from '../ports/chance.ts'
import type { Clock } from '../ports/clock.ts'
import type { DeadLetters } from '../ports/dead-letters.ts'
import type { Lake } from '../ports/lake.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { Notifier } from '../ports/notifier.ts'
import type { Spark } from '../ports/spark.ts'
import type { Timers } from '../ports/timers.ts'
import type { Workers } from '../ports/workers.ts'

/** All that the engine sees of the world: the ports, and the graph as the ledger's contracts tell it. */
export interface World {
  ledger: Ledger
  bus: Bus
  timers: Timers
  clock: Clock
  chance: Chance
  workers: Workers
  /** Absent where nothing runs on Spark. */
  spark?: Spark
  notifier: Notifier
  deadLetters: DeadLetters
  lake: Pick<Lake, 'put' | 'get'>
  /** Read from the contracts, and kept a while. */
  graph(): Promise<Graph>
  /** What a function that works for one task knows of it by itself, so that it need not read the contracts of all. */
  ownTask?: Pick<TaskContract, 'task' | 'retry' | 'hash'>
  /** The region, where there can be several: only the one that writes claims runs. */
  region?: string
  /** How many runs of a lane may be active at once in this stage; a lane that is not named has no limit. */
  laneLimits: Partial<Record<'nightly' | 'manual' | 'backfill', number>>
}
