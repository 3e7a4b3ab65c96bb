import type { Lane } from '../core/run.ts'
import type { Key } from '../ports/ledger.ts'

/** Where each kind of document stands in the ledger; the table is in ports/ledger.ts. */
export const runKey = (dataset: string, partition: string): Key => ({ pk: `run/${dataset}`, sk: partition })
export const taskContractKey = (task: string): Key => ({ pk: 'contract', sk: `task/${task}` })
export const datasetContractKey = (dataset: string): Key => ({ pk: 'contract', sk: `dataset/${dataset}` })
export const nightKey = (date: string): Key => ({ pk: 'night', sk: date })
export const requestKey = (id: string): Key => ({ pk: 'request', sk: id })
export const pauseKey = (task: string): Key => ({ pk: 'pause', sk: task })
export const taskLimit = (task: string) => `task/${task}`
export const laneLimit = (lane: Lane) => `lane/${lane}`
export const requestLimit = (id: string) => `request/${id}`
export const limitKey = (limit: string): Key => ({ pk: 'limit', sk: limit })

export interface NightDoc {
  v: number
  date: string
  at: number
}
export interface PauseDoc {
  v: number
  task: string
  paused: boolean
  at: number
  /** Switchings that were heeded: told again, they change nothing. */
  heard?: string[]
}
