import type { Bus } from '../../ports/bus.ts'
import type { Lake } from '../../ports/lake.ts'
import type { Ledger } from '../../ports/ledger.ts'

/** What a move needs of one of a stage's regions. */
export interface Region {
  /** As AWS calls it: eu-west-1. */
  name: string
  ledger: Ledger
  lake: Pick<Lake, 'get' | 'list' | 'size'>
  bus: Bus
  switches: Switches
}

/** What makes a region hear, begin, relay and sweep: its rules, schedules and the relay's source. */
export interface Switches {
  /** What of it is not there, in words; empty where the platform and all of these tasks are deployed. */
  missing(tasks: readonly string[]): Promise<string[]>
  /** Switches all of it on or off; what is so already stays. A task that is not deployed there has nothing to be switched off. */
  set(on: boolean, tasks: readonly string[]): Promise<void>
}
