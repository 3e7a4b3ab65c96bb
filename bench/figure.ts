/** One measured number. Times are medians unless the name says otherwise. */
export interface Figure {
  name: string
  unit: string
  value: number
  /** What the machine itself costs for the least that must be done, measured in the same run. */
  floor?: number
  /** What another way of doing the same takes, measured in the same run. */
  peer?: number
  /** The value that is wished for, and on which side of it. */
  goal?: { most: number } | { least: number }
  /** What a reader must know to judge it. */
  note?: string
}

/** What every measurement is told. */
export interface Bench {
  /** Tiny sizes, once each: whether it runs, not how fast. */
  quick: boolean
  /** A folder of its own on the disk that is measured; it is removed afterwards. */
  folder: string
}

/** A measurement runs in a process of its own, so that none inherits another's memory or compiled code. */
export type Measurement = (bench: Bench) => Promise<Figure[]>

/** Whether a figure keeps its goal; undefined without one. */
export function keepsGoal({ goal, value }: Figure): boolean | undefined {
  if (!goal) return undefined
  return 'most' in goal ? value <= goal.most : value >= goal.least
}
