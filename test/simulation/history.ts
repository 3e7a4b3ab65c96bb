import type { RunDoc } from '../../shared/core/run.ts'

/** A published version, as the trace tells of it. */
export interface Made {
  number: number
  /** The turn of its publication, and the instant it carries. */
  turn: number
  at: number
  /** The newest number up to it that readers follow; the number it counts as. */
  loud: number
  as: number
  /** The requests it was made for. */
  requests: readonly string[]
  /** Every partition it derives from through inputs that count, at which number; itself left out. */
  roots: ReadonlyMap<string, number>
}

/** All that has been seen of one partition of one dataset. */
export class Partition {
  readonly name: string
  readonly dataset: string
  readonly key: string
  doc: RunDoc | undefined
  readonly versions: Made[] = []
  /** When it was skipped and unskipped, in turn. */
  readonly skips: { turn: number; skipped: boolean }[] = []
  /** Since which turn it has been over, or not; and selected by a request, or not. */
  pendingRequest = { turn: 0, is: false }
  /** Requests that selected it since its last generation began. */
  readonly selected = new Set<string>()
  readonly selectedEver = new Set<string>()
  /** Requests that name it, and others it reads from, for whom no generation has begun that waited for those; since which turn. */
  readonly named = new Map<string, number>()
  /** Those for whom, as they name it, the generation at work was begun. */
  readonly makesFor = new Set<string>()
  /** The turn at which its run came to be; and of the last write at which it was, or ceased to be, cancelled. */
  createdAt: number | undefined
  cancelledAt: number | undefined
  /** How this generation's attempts ended. */
  ended: Record<string, number> = {}
  approvals = 0
  alerts = new Map<number, number>()
  notices = 0
  announced = new Set<number>()
  /** The folder of each attempt that published, newest last. */
  readonly folders = new Map<number, string>()
  /** Generations begun. */
  claims = 0

  constructor(dataset: string, key: string) {
    this.dataset = dataset
    this.key = key
    this.name = `${dataset}@${key}`
  }

  get current(): Made | undefined {
    return this.versions[this.versions.length - 1]
  }

  /** Whether it was there, or not, at some moment from one turn to the present. */
  seen(since: number): { absent: boolean; numbers: Set<number>; skipped: boolean } {
    const numbers = new Set<number>()
    let before: Made | undefined
    for (const v of this.versions)
      if (v.turn <= since) before = v
      else numbers.add(v.number)
    if (before) numbers.add(before.number)
    let skipped = false
    let first: boolean | undefined
    for (const s of this.skips)
      if (s.turn <= since) first = s.skipped
      else skipped ||= s.skipped
    return { absent: !before, numbers, skipped: skipped || first === true }
  }
}
