import type { Cause, Lane } from './run.ts'

/** The events of Redeye, by detail type. Their JSON Schemas and examples are in events/. Past tense: what happened, or was wished. */
export interface EventDetails {
  /** A night has begun: `date` is the day whose data it makes. */
  NightStarted: { date: string }
  /** A version was published. */
  DatasetReady: { dataset: string; partition: string; number: number; at: number; cause: Cause }
  /** A run is to be looked at again. `place` is the limit that handed it a place; `at` is when its cause was found. */
  RunDue: { task: string; partition: string; place?: string; cause?: Cause; at?: number }
  /** An event concerns more runs than one message may: those of these partitions. */
  RunsConcerned: {
    task: string
    from: string
    to: string
    arrival: { dataset: string; partition: string; number: number; at: number; cause: Cause }
  }
  /** A wish to run tasks over a range of time or keys. */
  RunRequested: {
    id?: string
    tasks: string[]
    from: string
    to: string
    run?: 'missing' | 'failed' | 'all'
    downstream?: boolean
    lane?: Lane
    maxActive?: number
  }
  RunCancelled: { task: string; partition: string }
  /** A held run is released. */
  RunApproved: { task: string; partition: string }
  /** `task` is a task's name, or `all`. */
  TaskPaused: { task: string }
  TaskResumed: { task: string }
  PartitionSkipped: { dataset: string; partition: string }
  /** Data made outside is there: its files, relative to the lake. */
  VersionDelivered: { id?: string; dataset: string; partition: string; files: string[] }
  /** An attempt that held a place is over. */
  PlaceFreed: { limit: string; dataset: string; partition: string; generation: number; attempt: number }
}
export type EventType = keyof EventDetails

/** An event to be published. */
export type NewEvent = { [T in EventType]: { type: T; detail: EventDetails[T] } }[EventType]

/** An event as EventBridge delivers it to a function. */
export interface Envelope<T extends EventType = EventType> {
  version: '0'
  id: string
  'detail-type': T
  source: string
  account: string
  time: string
  region: string
  resources: string[]
  detail: EventDetails[T]
}

export const SOURCE = 'redeye'

/** An EventBridge pattern: each field's accepted values; a type may also be accepted for being none of some. */
export interface EventPattern {
  source: string[]
  'detail-type': (string | { 'anything-but': string[] })[]
  detail?: Record<string, string[]>
}

/** The events a task's `decide` takes: the one place where its rule comes from. */
export function patternsOf(contract: { task: string; inputs: readonly { dataset: string }[]; onNight: boolean }): EventPattern[] {
  const datasets = [...new Set(contract.inputs.map(i => i.dataset))]
  return [
    ...(datasets.length > 0 ? [{ source: [SOURCE], 'detail-type': ['DatasetReady'], detail: { dataset: datasets } }] : []),
    { source: [SOURCE], 'detail-type': ['RunDue', 'RunsConcerned', 'RunCancelled', 'RunApproved'], detail: { task: [contract.task] } },
    ...(contract.onNight ? [{ source: [SOURCE], 'detail-type': ['NightStarted'] }] : []),
  ]
}

const everyType = Object.keys({
  NightStarted: true,
  DatasetReady: true,
  RunDue: true,
  RunsConcerned: true,
  RunRequested: true,
  RunCancelled: true,
  RunApproved: true,
  TaskPaused: true,
  TaskResumed: true,
  PartitionSkipped: true,
  VersionDelivered: true,
  PlaceFreed: true,
} satisfies Record<EventType, true>)

/**
 * The events each of the platform's functions takes. What a person says of one run its task hears; `requests` takes it too, and whatever
 * is of no known type, so that a misspelt name or type is refused aloud instead of heard by nobody. Redeye's own messages about runs
 * are not among it: they name what is there, and there are many of them.
 */
export const platformPatterns = {
  night: [{ source: [SOURCE], 'detail-type': ['NightStarted'] }],
  requests: [
    {
      source: [SOURCE],
      'detail-type': [
        'RunRequested',
        'RunCancelled',
        'RunApproved',
        'TaskPaused',
        'TaskResumed',
        'PartitionSkipped',
        'PlaceFreed',
        { 'anything-but': everyType },
      ],
    },
  ],
  deliveries: [{ source: [SOURCE], 'detail-type': ['VersionDelivered'] }],
} satisfies Record<string, EventPattern[]>

/** Whether an event matches a pattern, as EventBridge judges exact values. */
export function matchesPattern(pattern: EventPattern, event: { source: string; 'detail-type': string; detail: object }): boolean {
  if (!pattern.source.includes(event.source) || !acceptsType(pattern, event['detail-type'])) return false
  const detail = event.detail as Record<string, unknown>
  return Object.entries(pattern.detail ?? {}).every(([field, values]) => values.includes(detail[field] as string))
}

const acceptsType = (pattern: EventPattern, type: string): boolean =>
  pattern['detail-type'].some(accepted => (typeof accepted === 'string' ? accepted === type : !accepted['anything-but'].includes(type)))
