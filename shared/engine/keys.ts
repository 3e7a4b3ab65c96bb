import type { Lane } from '../core/run.ts'
import type { Key } from '../ports/ledger.ts'

/** Where each kind of document stands in the ledger; the table is in ports/ledger.ts. */
export const runKey = (dataset: string, partition: string): Key => ({ pk: `run/${dataset}`, sk: partition })
export const taskContractKey = (task: string): Key => ({ pk: 'contract', sk: `task/${task}` })
export const datasetContractKey = (dataset: string): Key => ({ pk: 'contract', sk: `dataset/${dataset}` })
/** All contracts that stand, in one document. */
export const graphKey: Key = { pk: 'graph', sk: 'all' }
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
  /** Of `all`, where a stage has two regions: the one that writes since the stage was first moved. Elsewhere nothing is claimed. */
  writer?: string
  /** Of `all`: a move that is under way. */
  moving?: Moving
}
/** A move of the stage to another region, from its first step until everything is resumed. */
export interface Moving {
  from: string
  to: string
  at: number
  /** Whether to resume in the end: not where people had paused everything before. */
  resume: boolean
  /** Nothing runs and nothing is heard any more in the old region. */
  quiet?: boolean
}

/** The region that writes, where the stage was ever moved. */
export const writerOf = (all: PauseDoc | undefined): string | undefined => all?.writer
/** Whether nothing may be claimed in a region, as the switch of everything says: a region that does not write is as good as paused. */
export const isHalted = (doc: PauseDoc, region: string | undefined): boolean =>
  doc.paused || (doc.writer !== undefined && region !== undefined && doc.writer !== region)
