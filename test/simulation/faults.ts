/** How likely each fault is, each time it could happen; 0 is never. */
export interface Faults {
  duplicate: number
  reorder: number
  delay: number
  lose: number
  /** A message that could not be handled is driven again later. */
  redrive: number
  /** A publish of several events of which only the first arrive, and that reports failure. */
  partial: number
  crash: number
  /** A write that succeeds and reports failure. */
  unsure: number
  throttle: number
  staleIndex: number
  feedRepeats: number
  feedLoses: number
  /** An invocation that is tried again while the first still runs. */
  twice: number
  /** An attempt's start that never arrives. */
  startLost: number
  /** A worker that says nothing past its lease and then goes on. */
  freeze: number
  /** Work that stops at a checkpoint and goes on in a next invocation. */
  yields: number
  /** A worker that dies, with its files cut short. */
  die: number
  /** An attempt's end that is announced before it has ended, again, or otherwise. */
  contradict: number
  /** One submission of a Spark job that is taken for two. */
  submittedTwice: number
  /** Word of a Spark job that is never heard, or twice. */
  unannounced: number
  announcedTwice: number
  /** A Spark job's end that is announced before it has ended, or whose status is another than it came to. */
  contradicted: number
  /** How far a worker's clock may be off, in milliseconds. */
  skewMs: number
  /** How attempts end that end badly. */
  transient: number
  user: number
  timeout: number
  /** Of tasks whose work may go to Spark then. */
  resources: number
  /** An invocation by the service's next version, which writes fields that this one does not know. */
  nextCode: number
}

export const noFaults: Faults = {
  duplicate: 0,
  reorder: 0,
  delay: 0,
  lose: 0,
  redrive: 0,
  partial: 0,
  crash: 0,
  unsure: 0,
  throttle: 0,
  staleIndex: 0,
  feedRepeats: 0,
  feedLoses: 0,
  twice: 0,
  startLost: 0,
  freeze: 0,
  yields: 0,
  die: 0,
  contradict: 0,
  submittedTwice: 0,
  unannounced: 0,
  announcedTwice: 0,
  contradicted: 0,
  skewMs: 0,
  transient: 0,
  user: 0,
  timeout: 0,
  resources: 0,
  nextCode: 0,
}

/** Faults by what they befall; a seed draws a subset of them. */
export const families: Record<string, Partial<Faults>> = {
  delivery: { duplicate: 0.05, reorder: 0.3, delay: 0.05, lose: 0.05, redrive: 0.5, partial: 0.05 },
  doubles: { duplicate: 0.3, twice: 0.1 },
  storage: { unsure: 0.01, throttle: 0.01, staleIndex: 0.2 },
  feed: { feedRepeats: 0.3, feedLoses: 0.05, delay: 0.1 },
  crashes: { crash: 0.01 },
  workers: { startLost: 0.05, freeze: 0.05, yields: 0.1, die: 0.05, contradict: 0.1, twice: 0.05 },
  jobs: { submittedTwice: 0.2, unannounced: 0.3, announcedTwice: 0.2, contradicted: 0.2 },
  clocks: { skewMs: 30_000 },
  outcomes: { transient: 0.15, user: 0.03, timeout: 0.05, resources: 0.3 },
  versions: { nextCode: 0.3 },
}
