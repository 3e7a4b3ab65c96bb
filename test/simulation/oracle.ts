import type { Contract } from '../../shared/core/contract.ts'
import type { NewEvent } from '../../shared/core/events.ts'
import type { Graph } from '../../shared/core/graph.ts'
import type { RequestDoc } from '../../shared/core/request.ts'
import type { Cause, RunDoc } from '../../shared/core/run.ts'
import type { AttemptName } from '../../shared/ports/workers.ts'
import type { Slice } from './calendar.ts'
import { type Made, Partition } from './history.ts'
import type { MemoryLake } from './memory-lake.ts'
import { type InputView, type TaskView, Views } from './view.ts'
import type { Witness, Write } from './world.ts'

/** A broken invariant, by its number in the design. */
export class Broken extends Error {
  readonly invariant: number
  constructor(invariant: number, message: string) {
    super(`invariant ${invariant}: ${message}`)
    this.invariant = invariant
  }
}

const moves: Record<string, readonly string[]> = {
  none: ['none', 'waiting', 'queued', 'running', 'held'],
  waiting: ['waiting', 'queued', 'running', 'cancelled'],
  queued: ['queued', 'waiting', 'running', 'cancelled'],
  running: ['running', 'queued', 'succeeded', 'failed', 'cancelled'],
  succeeded: ['succeeded', 'waiting', 'queued', 'running', 'held'],
  failed: ['failed', 'waiting', 'queued', 'running', 'held'],
  cancelled: ['cancelled', 'waiting'],
  held: ['held', 'waiting', 'queued', 'running', 'cancelled'],
}

/** What nothing moves but a cause. */
const settled = new Set(['none', 'succeeded', 'failed', 'cancelled', 'held'])

/** A write that begins a generation. */
type Claim = Omit<Write, 'before' | 'after'> & { before: RunDoc | undefined; after: RunDoc }

/** How one of the oracle's tasks judges its inputs now. */
export interface Judged {
  ready: boolean
  /** Why not, for people. */
  why: string[]
  stale: string[]
}

/** Watches every write, and knows from the contracts and the trace alone what may and what must happen. */
export class Oracle implements Witness {
  readonly views: Views
  readonly tasks = new Map<string, TaskView>()
  readonly partitions = new Map<string, Partition>()
  readonly requests = new Map<string, { doc: RequestDoc; markingSince: number | undefined }>()
  readonly nights = new Map<string, number>()
  failure: Error | undefined
  laneLimits: Partial<Record<string, number>> = {}
  skewMs = 0
  /** The tasks that were deployed with other inputs than before. */
  readonly rewired = new Set<string>()
  /** Whether a Spark job is at work, whatever is said of it. */
  jobRuns: (id: string) => boolean = () => false
  attempts = 0
  /** What an attempt's ledger requests may be made of: runs' needed partitions, summed over attempts. */
  pinnable = 0
  /** Places that attempts have held, summed over attempts; who needs two may have been refused one for want of the other. */
  placed = 0
  readonly #lake: () => MemoryLake
  /** Contracts of a task by what its inputs were; several while services are deployed. */
  readonly #ever = new Map<string, TaskView>()
  readonly #pauses = new Map<string, { turn: number; paused: boolean }[]>()
  readonly #running = new Map<string, RunDoc>()
  readonly #began = new Map<string, number>()
  readonly #worked = new Set<string>()

  constructor(contracts: readonly Contract[], around: string, lake: () => MemoryLake) {
    this.views = new Views(
      contracts.flatMap(c => (c.kind === 'dataset' ? [[c.dataset, c.partitioning] as const] : [])),
      around,
    )
    this.#lake = lake
    this.deploy(contracts)
  }

  deploy(contracts: readonly Contract[]): void {
    this.tasks.clear()
    for (const c of contracts) {
      if (c.kind !== 'task') continue
      this.tasks.set(c.task, c)
      if ([...this.#ever.values()].some(e => e.task === c.task && e.inputsHash !== c.inputsHash)) this.rewired.add(c.task)
      this.#ever.set(`${c.task} ${c.inputsHash}`, c)
    }
  }

  at(dataset: string, key: string): Partition {
    const name = `${dataset}@${key}`
    let p = this.partitions.get(name)
    if (!p) this.partitions.set(name, (p = new Partition(dataset, key)))
    return p
  }

  broken(invariant: number, message: string): void {
    this.failure ??= new Broken(invariant, message)
  }

  wrote(write: Write): void {
    const { key, before, after } = write
    const [was, is] = [before as { fromNextVersion?: number } | undefined, after as { fromNextVersion?: number }]
    if (was?.fromNextVersion !== undefined && is.fromNextVersion !== was.fromNextVersion)
      this.broken(0, `${write.by.name} dropped a field it does not know from ${key.pk}/${key.sk}`)
    if (key.pk.startsWith('run/')) this.#run(write, before as RunDoc | undefined, after as RunDoc)
    else if (key.pk === 'pause') this.#paused(key.sk, write.turn, (after as { paused: boolean }).paused)
    else if (key.pk === 'request') this.#request(after as RequestDoc, write)
  }

  #paused(name: string, turn: number, paused: boolean): void {
    const list = this.#pauses.get(name) ?? []
    this.#pauses.set(name, [...list, { turn, paused }])
  }

  #request(doc: RequestDoc, { turn, by }: Write): void {
    const known = this.requests.get(doc.id)
    this.requests.set(doc.id, { doc, markingSince: doc.phase === 'marking' ? (known?.markingSince ?? turn) : undefined })
    const began = known?.markingSince
    if (began === undefined || doc.phase === 'marking' || doc.since !== undefined) return
    for (const p of this.partitions.values()) {
      const contract = p.doc?.task === undefined ? undefined : by.graph.task(p.doc.task)
      // What came to be while it selected, or was cancelled then, may have been looked at before or after.
      if (!contract || !(p.createdAt! < began) || (p.cancelledAt ?? -1) >= began || p.doc!.state === 'cancelled') continue
      const waits = p.doc!.requests?.includes(doc.id) && ['waiting', 'queued', 'held'].includes(p.doc!.state!) && !p.doc!.ended
      if (!waits && this.#names(doc, by.graph, contract, p.key) === true) p.named.set(doc.id, turn)
    }
  }

  /** Whether a request names a partition, and others that it reads from; undefined where its range is not judged. */
  #names(doc: RequestDoc, graph: Graph, { task, output }: { task: string; output: string }, key: string): boolean | undefined {
    if (!doc.tasks.includes(task)) return false
    const reads = (name: string, seen: Set<string>): boolean =>
      (graph.task(name)?.inputs ?? []).some(({ dataset, mapping }) => {
        const maker = mapping.map === 'latest' ? undefined : graph.producerOf(dataset)?.task
        if (maker === undefined || seen.has(maker)) return false
        seen.add(maker)
        return doc.tasks.includes(maker) || reads(maker, seen)
      })
    if (!reads(task, new Set())) return false
    const range = this.views.range(output, doc.from, doc.to)
    return range.length === 0 ? undefined : range.some(s => s.key === key && s.start <= doc.upTo)
  }

  published(event: NewEvent, now: number): void {
    // A night begins with its event; the platform records it beside the tasks.
    if (event.type === 'NightStarted' && !this.nights.has(event.detail.date)) this.nights.set(event.detail.date, now)
    if (event.type === 'RunApproved') this.at(this.tasks.get(event.detail.task)?.output ?? '', event.detail.partition).approvals++
    if (event.type !== 'DatasetReady') return
    const { dataset, partition, number } = event.detail
    const p = this.at(dataset, partition)
    if (!p.versions.some(v => v.number === number)) this.broken(7, `version ${number} of ${p.name} was announced and never published`)
    p.announced.add(number)
  }

  alert(task: string, partition: string, generation: number): void {
    const p = this.at(this.tasks.get(task)?.output ?? '', partition)
    p.alerts.set(generation, (p.alerts.get(generation) ?? 0) + 1)
  }

  notice(task: string, partition: string): void {
    this.at(this.tasks.get(task)?.output ?? '', partition).notices++
  }

  /** Everything an attempt has pinned can be read. */
  works(attempt: AttemptName, doc: RunDoc): void {
    const name = `${attempt.dataset}@${attempt.partition} g${attempt.generation}-a${attempt.attempt}`
    const part = `${name}, part ${doc.handedOn ?? 0}`
    if (this.#worked.has(part)) this.broken(5, `the work of ${part} is done twice`)
    this.#worked.add(part)
    const contract = this.#ever.get(`${attempt.task} ${doc.pins?.inputsHash}`)
    contract?.inputs.forEach((input, i) => {
      for (const [from, to, number, generation, tried] of doc.pins!.inputs[i] ?? [])
        for (const slice of this.#slicesOf(input.dataset, from, to))
          this.#readable(
            `${input.dataset}/${slice.key}/g${generation}-a${tried}`,
            `${attempt.task}@${attempt.partition} pinned version ${number} of`,
          )
    })
  }

  #readable(folder: string, who: string): void {
    const manifest = this.#lake().text(`${folder}/manifest.json`)
    const files = manifest && (JSON.parse(manifest) as { files: { key: string; bytes: number }[] }).files
    if (!files || files.some(f => this.#lake().holds(f.key) !== f.bytes)) this.broken(8, `${who} ${folder}, which cannot be read`)
  }

  #slicesOf(dataset: string, from: number, to: number): Slice[] {
    const found: Slice[] = []
    const { slices } = this.views.calendar(dataset)
    const first = slices[0]!.ordinal
    for (let at = Math.max(0, Math.min(from - first, slices.length - 1)); at > 0 && slices[at]!.ordinal > from; ) at--
    for (let at = Math.max(0, from - first - 2); at < slices.length && slices[at]!.ordinal <= to; at++)
      if (slices[at]!.ordinal >= from) found.push(slices[at]!)
    return found
  }

  #run(write: Write, before: RunDoc | undefined, after: RunDoc): void {
    const p = this.at(after.dataset, after.partition)
    const { turn } = write
    p.doc = after
    if ((before?.skipped ?? false) !== (after.skipped ?? false)) p.skips.push({ turn, skipped: after.skipped ?? false })
    const [was, is] = [before?.state ?? 'none', after.state ?? 'none']
    if (is !== 'none') p.createdAt ??= turn
    if (is === 'cancelled' || was === 'cancelled') p.cancelledAt = turn
    if (is === 'cancelled') p.named.clear()
    if (!moves[was]!.includes(is)) this.broken(1, `${p.name} went from ${was} to ${is}`)
    for (const id of after.requests ?? [])
      if (!before?.requests?.includes(id)) {
        // Whom it named beside its selection it selects as the next generation begins.
        const begins = is === 'running' && after.generation > before!.generation && before!.named?.includes(id)
        if (p.selectedEver.has(id) && !begins) this.broken(11, `request ${id} selected ${p.name} twice`)
        p.selected.add(id)
        p.selectedEver.add(id)
      }
    if (['waiting', 'queued'].includes(was) && before!.cause && !before!.cause.quiet && after.cause?.quiet)
      this.broken(3, `${p.name} was wanted for its readers, too, and is to be made without telling them`)
    if (was === 'cancelled' && is !== 'cancelled' && p.selected.size === 0)
      this.broken(6, `${p.name} was cancelled and no request selected it`)
    const pending = (after.requests?.length ?? 0) > 0 && ['waiting', 'queued', 'running', 'held'].includes(is)
    if (pending !== p.pendingRequest.is) p.pendingRequest = { turn, is: pending }
    if (after.generation < (before?.generation ?? 0)) this.broken(4, `${p.name} went back to generation ${after.generation}`)
    if (after.generation !== (before?.generation ?? 0) && was !== 'none' && is !== 'running' && after.task)
      this.broken(1, `${p.name} has generation ${after.generation} without a claim`)
    if ((settled.has(was) && !settled.has(is)) || (is === 'held' && was !== 'held')) this.#checkCause(write, p, before, after)
    if (is === 'running' && (was !== 'running' || after.generation !== before!.generation || after.attempt !== before!.attempt))
      this.#claim(write, p, before, after)
    if (was === 'running' && is !== 'running') this.#ended(write, p, before!, after)
    if ((after.version?.number ?? 0) !== (before?.version?.number ?? 0)) this.#publish(write, p, before, after)
    else if (is === 'succeeded' && was === 'running') this.broken(1, `${p.name} succeeded without publishing`)
    this.#places(p, after)
  }

  #publish({ turn, by }: Write, p: Partition, before: RunDoc | undefined, after: RunDoc): void {
    const version = after.version!
    if (version.number !== (before?.version?.number ?? 0) + 1)
      this.broken(1, `${p.name} went from version ${before?.version?.number ?? 0} to ${version.number}`)
    if (before?.version && version.generation <= before.version.generation)
      this.broken(4, `generation ${version.generation} of ${p.name} published over ${before.version.generation}`)
    if (after.task) {
      if (before?.state !== 'running' || version.generation !== before.generation || version.attempt !== before.attempt)
        this.broken(
          5,
          `${p.name} was published by g${version.generation}-a${version.attempt} and is at g${before?.generation}-a${before?.attempt}`,
        )
      const another = by.attempt?.generation !== version.generation || by.attempt.attempt !== version.attempt
      // Whoever hears that a job is over publishes what it made.
      const job = before?.job
      if (job === undefined ? another : this.jobRuns(job)) this.broken(5, `an attempt that is over published ${p.name}`)
    }
    this.#readable(`${p.dataset}/${p.key}/g${version.generation}-a${version.attempt}`, `${p.name} points to`)
    const last = p.current
    const quiet = version.cause.quiet ?? false
    p.versions.push({
      number: version.number,
      turn,
      at: version.at,
      loud: quiet ? (last?.loud ?? 0) : version.number,
      as: quiet ? (last?.as ?? version.number) : version.number,
      requests: [...new Set([...(before?.requests ?? []), ...p.makesFor])],
      roots: after.task ? this.#roots(after) : new Map(),
    })
  }

  /** What the versions that a run pinned derive from, with themselves. */
  #roots(doc: RunDoc): Map<string, number> {
    const roots = new Map<string, number>()
    for (const view of this.#pinnedViews(doc))
      for (const [name, number] of view.roots) roots.set(name, Math.max(number, roots.get(name) ?? 0))
    return roots
  }

  #pinnedViews(doc: RunDoc): { name: string; roots: Map<string, number> }[] {
    const contract = this.#ever.get(`${doc.task} ${doc.pins?.inputsHash}`)
    return (contract?.inputs ?? []).flatMap((input, i) => {
      if (input.mapping.map === 'latest' || input.onUpdate === 'ignore') return []
      return [...this.#pinsOf(doc, input, i)].map(([key, number]) => this.#viewOf(this.at(input.dataset, key), number))
    })
  }

  #viewOf(p: Partition, number: number): { name: string; own: number; roots: Map<string, number> } {
    const made = p.versions[number - 1]!
    const roots = new Map(made.roots)
    // Of an incremental dataset the version and what it derives from are two views.
    if (!roots.has(p.name)) roots.set(p.name, made.as)
    return { name: p.name, own: made.as, roots }
  }

  #pinsOf(doc: RunDoc, input: InputView, i: number): Map<string, number> {
    const pins = new Map<string, number>()
    for (const [from, to, number] of doc.pins?.inputs[i] ?? [])
      for (const slice of this.#slicesOf(input.dataset, from, to)) pins.set(slice.key, number)
    return pins
  }

  #claim(write: Write, p: Partition, before: RunDoc | undefined, after: RunDoc): void {
    const { now, turn, readAt, by } = write
    const what = `${p.name} g${after.generation}-a${after.attempt}`
    this.attempts++
    this.#began.set(p.name, turn)
    this.placed += (after.permits?.length ?? 0) ** 2
    const contract = this.#ever.get(`${after.task} ${after.pins?.inputsHash}`)
    if (!contract) {
      this.broken(2, `${what} began with inputs that no contract has`)
      return
    }
    for (const name of ['all', after.task!])
      if (this.#pausedSince(name, readAt)) this.broken(6, `${what} was claimed while ${name} was paused`)
    if (before?.state === 'cancelled') this.broken(6, `${what} was claimed after it was cancelled`)
    if (after.generation === before?.generation) {
      if (after.attempt !== before.attempt + 1 || before.state !== 'queued')
        this.broken(9, `${what} follows a${before.attempt} in ${before.state}`)
      if (JSON.stringify(after.pins) !== JSON.stringify(before.pins)) this.broken(2, `${what} changed its generation's pins`)
      if (before.due !== undefined && now + by.skewMs < before.due) this.broken(9, `${what} began before it was due`)
      return
    }
    if (after.generation !== (before?.generation ?? 0) + 1 || after.attempt !== 1)
      this.broken(1, `${what} follows generation ${before?.generation ?? 0}`)
    p.ended = {}
    p.claims++
    const slice = this.views.slice(p.dataset, p.key)
    for (const id of before?.requests ?? []) {
      const { doc, markingSince } = this.requests.get(id) ?? {}
      // Where it selects again, only what had not begun before is being selected.
      const selected = doc?.since !== undefined && !(this.views.timed(p.dataset) && slice.start > doc.since)
      if (!selected && markingSince !== undefined && markingSince < readAt)
        this.broken(3, `${what} began while request ${id} was still selecting`)
    }
    if (this.views.timed(p.dataset) && now + this.skewMs < slice.start) this.broken(2, `${what} began before its partition`)
    if (!this.views.exists(p.dataset, slice)) this.broken(2, `${what} is before the first partition`)
    // The contract may have been another's when the pins were made; what is needed is judged by the one it was claimed under.
    if (contract.onNight && this.views.timed(p.dataset) && now + by.skewMs < slice.end)
      this.broken(2, `${what} is on the night and its partition has not ended`)
    for (const [i, input] of contract.inputs.entries()) this.#checkPins(write, p, what, slice, input, this.#pinsOf(after, input, i))
    this.#checkConsistent(what, after)
    this.#checkAwaited(p, what, slice, contract, { ...write, before, after })
    p.selected.clear()
    p.makesFor.clear()
    for (const [id, named] of p.named) {
      const { doc, markingSince: since } = this.requests.get(id)!
      if (since === undefined && named < readAt && doc.phase !== 'ended') p.makesFor.add(id)
      if (since === undefined || since >= readAt) p.named.delete(id)
    }
  }

  /** What a request selects, or names with others that it reads from, waits until those are over, however far upstream they are. */
  #checkAwaited(p: Partition, what: string, slice: Slice, contract: TaskView, { before, after, readAt, by }: Claim): void {
    const open = [...p.named.keys()].filter(id => this.requests.get(id)!.doc.phase !== 'ended')
    const ids = new Set([...open, ...(before?.requests ?? [])])
    if (ids.size === 0) return
    const seen = new Set<string>()
    const pending = ({ doc, pendingRequest }: Partition) => pendingRequest.is && pendingRequest.turn < readAt && !doc!.skipped
    // What is skipped counts as not there, also for what would come by way of it.
    const follows = (q: Partition) =>
      q.createdAt! < readAt && !q.doc!.skipped && q.doc!.state !== 'cancelled' && !((q.cancelledAt ?? -1) >= readAt)
    const isNamed = (q: Partition) => [...q.named.keys()].some(id => ids.has(id))
    const comes = (task: TaskView, at: Slice, direct: boolean, named: boolean): string | undefined => {
      for (const input of task.inputs) {
        // What lies between is not run anew for an input that it ignores; and its own earlier partitions lead on only where they are named.
        const ignored = input.onUpdate === 'ignore'
        const maker = by.graph.producerOf(input.dataset)
        if (!maker || (!direct && (ignored || (maker.task === task.task && !named)))) continue
        for (const s of this.views.needed(input, task.output, at)) {
          const q = this.at(input.dataset, s.key)
          if (pending(q) && (direct || q.doc!.requests!.some(id => ids.has(id)))) return q.name
          if ((maker.task === task.task && !isNamed(q)) || ignored || seen.has(q.name) || !follows(q)) continue
          seen.add(q.name)
          const further = comes(maker, s, false, isNamed(q))
          if (further) return further
        }
      }
      return undefined
    }
    const newer = contract.inputs.flatMap((input, i) =>
      input.mapping.map === 'latest' ? this.toBeLatest(input.dataset, [...this.#pinsOf(after, input, i).keys()][0]) : [],
    )
    const name = newer.find(pending)?.name ?? comes(contract, slice, true, true)
    if (name) this.broken(3, `${what} began while ${name} was still to come, and both are requested`)
  }

  #pausedSince(name: string, turn: number): boolean {
    const list = this.#pauses.get(name) ?? []
    const last = list[list.length - 1]
    return last?.paused === true && last.turn < turn
  }

  #checkPins({ now, readAt, by }: Write, p: Partition, what: string, slice: Slice, input: InputView, pins: Map<string, number>): void {
    if (input.mapping.map === 'latest') {
      if (pins.size !== 1) {
        this.broken(2, `${what} pinned ${pins.size} partitions as the latest of ${input.dataset}`)
        return
      }
      const [[key, number]] = [...pins] as [[string, number]]
      if (!this.at(input.dataset, key).seen(readAt).numbers.has(number))
        this.broken(2, `${what} pinned ${input.dataset}@${key} at ${number}`)
      const newer = this.#newerThan(input.dataset, key, readAt)
      if (newer) this.broken(2, `${what} pinned ${input.dataset}@${key} as the latest, and ${newer} is there`)
      return
    }
    const needed = this.views.needed(input, p.dataset, slice)
    this.pinnable += needed.length
    for (const key of pins.keys())
      if (!needed.some(s => s.key === key)) this.broken(2, `${what} pinned ${input.dataset}@${key}, which it does not need`)
    let absent = 0
    let skipped = 0
    for (const s of needed) {
      const seen = this.at(input.dataset, s.key).seen(readAt)
      const number = pins.get(s.key)
      if (number !== undefined) {
        if (!seen.numbers.has(number)) this.broken(2, `${what} pinned ${input.dataset}@${s.key} at ${number}, which was not current`)
      } else if (seen.skipped) skipped++
      else if (seen.absent) absent++
      else this.broken(2, `${what} did not pin ${input.dataset}@${s.key}, which was there`)
    }
    if (absent === 0 || this.#patient(input, pins.size, needed.length - skipped, p.dataset, slice, now + by.skewMs)) return
    this.broken(2, `${what} began without ${absent} partitions of ${input.dataset}`)
  }

  /** Whether what is absent is not waited for. */
  #patient(input: InputView, there: number, existing: number, output: string, slice: Slice, now: number): boolean {
    if (input.wait === 'all') return there === existing
    if ('atLeast' in input.wait) return there >= Math.min(input.wait.atLeast, existing)
    return there === existing || now >= this.views.patience(input, output, slice)
  }

  /** A partition that was newer than this one all the while. */
  #newerThan(dataset: string, key: string, since: number): string | undefined {
    const keyed = this.views.cuts.get(dataset)!.grain === 'keys'
    const own = this.at(dataset, key).current!
    for (const { key: other } of this.views.calendar(dataset).slices) {
      if (other === key) continue
      const p = this.partitions.get(`${dataset}@${other}`)
      if (!p?.current) continue
      const seen = p.seen(since)
      if (seen.absent || seen.skipped) continue
      // By what stood when it looked: the first of those it may have seen.
      const stood = p.versions.find(v => seen.numbers.has(v.number))!
      if (keyed ? stood.at > own.at : other > key) return p.name
    }
    return undefined
  }

  #checkConsistent(what: string, doc: RunDoc): void {
    const seen = new Map<string, { number: number; by: string }>()
    const contract = this.#ever.get(`${doc.task} ${doc.pins?.inputsHash}`)!
    const compare = (name: string, number: number, by: string) => {
      const other = seen.get(name)
      if (!other) seen.set(name, { number, by })
      else if (other.number !== number)
        this.broken(2, `${what} began on a mixture: ${name} at ${other.number} by ${other.by} and at ${number} by ${by}`)
    }
    contract.inputs.forEach((input, i) => {
      if (input.mapping.map === 'latest' || input.onUpdate === 'ignore') return
      for (const [key, number] of this.#pinsOf(doc, input, i)) {
        const { name, own, roots } = this.#viewOf(this.at(input.dataset, key), number)
        compare(name, own, name)
        for (const [root, n] of roots) compare(root, n, name)
      }
    })
  }

  /** A run that is made, or wanted anew, has a cause: first versions, a night or a request; then news under a policy that cares. */
  #checkCause({ by }: Write, p: Partition, before: RunDoc | undefined, after: RunDoc): void {
    if (p.selected.size > 0) return
    const contract = by.graph.task(after.task!)
    if (!contract) return
    const slice = this.views.slice(p.dataset, p.key)
    if (!before?.state) {
      const night = contract.onNight && this.nightsOf(p.dataset, slice).some(date => this.nights.has(date))
      if (!night && !this.#begun(contract, slice)) this.broken(11, `${p.name} was made without cause`)
      return
    }
    const news = [...this.unheard(contract, slice, before), ...this.#madeForIt(contract, slice, before, by.graph)]
    const asked = before.state === 'held' && p.approvals > 0
    if (!asked && !news.some(n => n.policy === (after.state === 'held' ? 'hold' : 'rerun')))
      this.broken(11, `${p.name} is ${after.state} after it was ${before.state} without cause`)
  }

  /** Whether something that was published since the task's life began, and that readers follow, is among what it needs. */
  #begun(contract: TaskView, slice: Slice): boolean {
    return contract.inputs.some(input =>
      this.views
        .needed(input, contract.output, slice)
        .some(s => this.at(input.dataset, s.key).versions.some(v => v.loud === v.number && v.at >= contract.deployedAt)),
    )
  }

  #ended({ now, by }: Write, p: Partition, before: RunDoc, after: RunDoc): void {
    const contract = this.tasks.get(before.task!) ?? this.#ever.get(`${before.task} ${before.pins?.inputsHash}`)!
    if (after.state !== 'queued' && after.state !== 'failed') return
    const failure = after.error!.failure
    const leased = (before.lease ?? 0) > now + by.skewMs + 2 * this.skewMs && !by.attempt
    if (failure === 'lost' && (before.job === undefined ? leased : this.jobRuns(before.job)))
      this.broken(5, `${p.name} counts as lost while its lease or its job lasts`)
    if (failure === 'lost' && before.begunAt === undefined && before.job === undefined) {
      if (after.state !== 'queued') this.broken(9, `${p.name} failed for an attempt that nobody had begun`)
      return
    }
    p.ended[failure] = (p.ended[failure] ?? 0) + 1
    const { attempts, timeouts, losses, resources } = contract.retry
    const most = { transient: attempts, timeout: timeouts, lost: losses, resources }[failure as string] ?? 1
    const retried = after.state === 'queued'
    if (retried && p.ended[failure]! >= most)
      this.broken(9, `${p.name} is tried again after ${p.ended[failure]} ${failure} ends of ${most}`)
    if (!retried && p.ended[failure]! < most) this.broken(9, `${p.name} failed after ${p.ended[failure]} ${failure} ends of ${most}`)
    if (retried && failure === 'transient') this.#checkBackoff(p, contract, after, now + by.skewMs)
  }

  #checkBackoff(p: Partition, { retry }: TaskView, after: RunDoc, now: number): void {
    let wait = retry.backoffMs
    for (let i = 1; i < p.ended.transient!; i++) wait *= retry.factor
    const waits = after.due! - now
    // From when it was decided, which is some calls before it is written.
    if (waits < wait * (1 - retry.jitter) - A_WHILE_MS || waits > wait * (1 + retry.jitter) + 1)
      this.broken(9, `${p.name} is tried again in ${waits} ms, not about ${wait}`)
  }

  #places(p: Partition, after: RunDoc): void {
    const running = this.#running
    const other = running.get(p.name)
    if (after.state !== 'running') {
      if (other) running.delete(p.name)
      return
    }
    if (other && other.generation === after.generation && other.attempt === after.attempt) return
    running.set(p.name, after)
    const limit = this.tasks.get(after.task!)?.limit
    const count = (is: (doc: RunDoc) => boolean) => [...running.values()].filter(is).length
    if (limit !== undefined && count(d => d.task === after.task) > limit)
      this.broken(9, `more than ${limit} runs of ${after.task} are running`)
    const { lane, under } = after.cause as Cause
    const places = this.laneLimits[lane]
    if (places !== undefined && count(d => d.cause!.lane === lane) > places)
      this.broken(9, `more than ${places} runs of the lane ${lane} are running`)
    for (const id of under ?? []) {
      const most = this.requests.get(id)?.doc.maxActive
      if (most !== undefined && count(d => d.cause!.under?.includes(id) ?? false) > most)
        this.broken(9, `more than ${most} runs of request ${id} are running`)
    }
  }

  /** The date whose night makes a partition. */
  nightsOf(dataset: string, slice: Slice): string[] {
    const cut = this.views.cuts.get(dataset)!
    if (!('timezone' in cut)) return []
    return [dateIn(cut.timezone, slice.start)]
  }

  /** What the newest versions of everything would make of a run now. */
  judge(contract: TaskView, slice: Slice, now: number): Judged {
    const why: string[] = []
    const views: { name: string; own: number; roots: Map<string, number> }[] = []
    if (contract.onNight && this.views.timed(contract.output) && now < slice.end) why.push('its partition has not ended')
    for (const input of contract.inputs) {
      if (input.mapping.map === 'latest') {
        if (!this.#anything(input.dataset)) why.push(`nothing of ${input.dataset} is there`)
        continue
      }
      const needed = this.views.needed(input, contract.output, slice).map(s => this.at(input.dataset, s.key))
      const existing = needed.filter(p => !p.doc?.skipped)
      const there = existing.filter(p => p.current)
      if (!this.#patient(input, there.length, existing.length, contract.output, slice, now))
        why.push(`${existing.length - there.length} of ${input.dataset} are missing`)
      if (input.onUpdate !== 'ignore') for (const p of there) views.push(this.#viewOf(p, p.current!.number))
    }
    const newest = new Map<string, number>()
    for (const { name, own, roots } of views)
      for (const [root, n] of [...roots, [name, own] as const]) newest.set(root, Math.max(n, newest.get(root) ?? 0))
    const stale = new Set<string>()
    for (const { name, own, roots } of views)
      if (own < newest.get(name)! || [...roots].some(([root, n]) => n < newest.get(root)!)) stale.add(name)
    if (stale.size > 0) why.push(`${[...stale].join(', ')} are behind`)
    return { ready: why.length === 0, why, stale: [...stale] }
  }

  #anything(dataset: string): boolean {
    return this.#known(dataset).some(isThere)
  }

  #known(dataset: string): Partition[] {
    return this.views.calendar(dataset).slices.flatMap(s => this.partitions.get(`${dataset}@${s.key}`) ?? [])
  }

  /** The partitions whose next version would be the latest of a dataset; `latest` is the key of the newest that is there. */
  toBeLatest(dataset: string, latest = this.#known(dataset).findLast(isThere)?.key): Partition[] {
    const known = this.#known(dataset)
    return this.views.timed(dataset) ? known.slice(Math.max(known.map(p => p.key).indexOf(latest ?? ''), 0)) : known
  }

  /** Whether something came to be that makes the run. */
  caused(contract: TaskView, slice: Slice): boolean {
    if (contract.onNight && this.nightsOf(contract.output, slice).some(d => (this.nights.get(d) ?? -1) >= contract.deployedAt)) return true
    return this.#begunNow(contract, slice)
  }

  #begunNow(contract: TaskView, slice: Slice): boolean {
    return contract.inputs.some(
      input =>
        // What concerns every run makes none where there is no end of them.
        !(input.mapping.map === 'all' && this.views.timed(contract.output)) &&
        this.views.needed(input, contract.output, slice).some(s => {
          const p = this.at(input.dataset, s.key)
          return !p.doc?.skipped && p.versions.some(v => v.loud === v.number && v.at >= contract.deployedAt)
        }),
    )
  }

  /** What was published without downstream under a request that names the run, too, and that it has not pinned. */
  #madeForIt(contract: TaskView, slice: Slice, doc: RunDoc, graph: Graph): { name: string; policy: string; id: string }[] {
    const names = (id: string) => this.#names(this.requests.get(id)!.doc, graph, contract, slice.key) !== false
    return this.#notPinned(contract, slice, doc).flatMap(({ name, policy, versions }) =>
      versions.flatMap(v => v.requests.filter(names).map(id => ({ name: `${name} version ${v.number}`, policy, id }))),
    )
  }

  /** What the run was to be run anew for by who named it, whoever follows. */
  owed(contract: TaskView, slice: Slice, p: Partition): string[] {
    return this.#notPinned(contract, slice, p.doc!).flatMap(({ name, versions }) =>
      versions.some(v => v.requests.some(id => p.named.has(id))) ? [name] : [],
    )
  }

  #notPinned(contract: TaskView, slice: Slice, doc: RunDoc): { name: string; policy: string; versions: Made[] }[] {
    const same = doc.pins?.inputsHash === contract.inputsHash
    return contract.inputs.flatMap((input, i) => {
      if (input.mapping.map === 'latest' || input.onUpdate === 'ignore') return []
      const pins = same ? this.#pinsOf(doc, input, i) : undefined
      return this.views.needed(input, contract.output, slice).flatMap(s => {
        const p = this.at(input.dataset, s.key)
        if (p.doc?.skipped) return []
        const isNew = (v: Made) => (pins ? v.number > (pins.get(s.key) ?? 0) : v.at > (doc.pins?.at ?? 0))
        return [{ name: p.name, policy: input.onUpdate, versions: p.versions.filter(isNew) }]
      })
    })
  }

  /** The news that a run which is over has not taken note of, by policy. */
  unheard(contract: TaskView, slice: Slice, doc: RunDoc): { name: string; policy: string }[] {
    const same = doc.pins?.inputsHash === contract.inputsHash
    return contract.inputs.flatMap((input, i) => {
      if (input.mapping.map === 'latest' || input.onUpdate === 'ignore') return []
      const pins = same ? this.#pinsOf(doc, input, i) : undefined
      return this.views.needed(input, contract.output, slice).flatMap(s => {
        const p = this.at(input.dataset, s.key)
        const made = p.current
        if (!made || p.doc?.skipped) return []
        const news = pins ? made.loud > (pins.get(s.key) ?? 0) : loudAfter(p.versions, doc.pins?.at ?? 0)
        return news ? [{ name: `${p.name} version ${made.number}`, policy: input.onUpdate }] : []
      })
    })
  }
}

// Calls take moments, and others happen in between.
const A_WHILE_MS = 1000

const isThere = (p: Partition) => p.current !== undefined && !p.doc?.skipped

const loudAfter = (versions: readonly Made[], at: number) => versions.some(v => v.loud === v.number && v.at > at)

const formats = new Map<string, Intl.DateTimeFormat>()
function dateIn(timezone: string, at: number): string {
  let format = formats.get(timezone)
  if (!format)
    formats.set(
      timezone,
      (format = new Intl.DateTimeFormat('en-CA', { timeZone: timezone, year: 'numeric', month: '2-digit', day: '2-digit' })),
    )
  return format.format(at)
}
