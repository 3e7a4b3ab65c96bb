import { RENEW_MS } from '../../shared/core/attempt.ts'
import { pinsHold } from '../../shared/core/place.ts'
import { type RunDoc, versionFolder } from '../../shared/core/run.ts'
import { beginWork, finish, handOnWork, renewLease } from '../../shared/engine/attempt.ts'
import { recordJob } from '../../shared/engine/job.ts'
import type { Stored } from '../../shared/ports/ledger.ts'
import type { AttemptName } from '../../shared/ports/workers.ts'
import type { Random } from './random.ts'
import type { SimulatedWorld, Witness } from './world.ts'

/** Those who do the work of attempts: they last, freeze, die, hand on, and end as they end. */
export class Workers {
  readonly #world: SimulatedWorld
  readonly #random: Random
  readonly #witness: Witness

  constructor(world: SimulatedWorld, random: Random, witness: Witness) {
    this.#world = world
    this.#random = random
    this.#witness = witness
  }

  /** What a claim starts: perhaps nothing, perhaps twice. */
  start(attempt: AttemptName): void {
    const { faults, now } = this.#world
    if (this.#random.chance(faults.startLost)) return
    const times = this.#random.chance(faults.twice) ? 2 : 1
    for (let i = 0; i < times; i++) this.#world.at(now + 1 + i, 'work', () => this.#world.spawn(this.#work(attempt)))
  }

  async #work(attempt: AttemptName): Promise<void> {
    const world = this.#world
    const { faults } = world
    const random = this.#random
    let begun: Stored<RunDoc> | undefined
    await world.invoke('begin', async ports => {
      begun = await beginWork(ports, attempt)
    })
    if (!begun) return
    const { doc, rev } = begun
    // With what newer code adds of its own, where this worker is at the next version.
    const written = world.ledger.read<RunDoc>(begun.key)
    if (written?.rev === rev) begun = written
    // Its code is what is deployed by now, whatever its claim knew.
    const code = world.graph.task(attempt.task)
    if (code && !pinsHold(doc, code)) return this.#end(attempt, { ok: false, failure: 'transient', message: 'other inputs' }, begun)
    this.#witness.works(attempt, doc)
    if (world.jobs.tasks.has(attempt.task) || doc.ended?.resources) return this.#submit(attempt)
    const folder = versionFolder(attempt.dataset, attempt.partition, attempt.generation, attempt.attempt)
    if (random.chance(faults.die)) return world.lake.write(`${folder}/part-0000.parquet`, 'ro')
    const freezes = random.chance(faults.freeze)
    const wished = freezes ? random.int(31, 200) : random.chance(0.7) ? 0 : random.chance(0.6) ? random.int(1, 9) : random.int(10, 90)
    const { deadline } = doc
    const outOfTime = deadline !== undefined && !freezes && world.now + wished * 60_000 >= deadline
    const lasts = outOfTime ? Math.max(0, deadline - world.now) : wished * 60_000
    let own = true
    if (lasts > 0 && random.chance(faults.contradict))
      world.spawn(this.#sleep(random.int(1, lasts)).then(() => this.#end(attempt, { ok: false, failure: 'transient', message: '' })))
    for (let passed = RENEW_MS; !freezes && own && passed < lasts; passed += RENEW_MS) {
      await this.#sleep(RENEW_MS)
      await world.invoke('renew', async ports => {
        own = await renewLease(ports, attempt)
      })
    }
    await this.#sleep(freezes ? lasts : lasts % RENEW_MS)
    if (!outOfTime && random.chance(faults.yields)) {
      await world.invoke('hand on', async ports => {
        if (await handOnWork(ports, attempt)) await ports.workers.start(attempt)
      })
      return
    }
    const failure = outOfTime
      ? 'timeout'
      : world.outgrows(attempt.task)
        ? 'resources'
        : random.chance(faults.transient)
          ? 'transient'
          : random.chance(faults.user)
            ? 'user'
            : random.chance(faults.timeout)
              ? 'timeout'
              : undefined
    if (!failure) world.writeVersion(folder)
    const good = { ok: true, rows: 1, bytes: 4, schemaHash: '' } as const
    const ended = failure ? ({ ok: false, failure, message: '' } as const) : good
    const contradiction = random.chance(0.5) ? good : ({ ok: false, failure: 'transient', message: '' } as const)
    if (random.chance(faults.contradict)) {
      if (contradiction.ok) world.writeVersion(folder)
      world.spawn(this.#sleep(random.int(1, 3) * 1000).then(() => this.#end(attempt, contradiction)))
    }
    await this.#end(attempt, ended, begun)
  }

  async #submit(attempt: AttemptName): Promise<void> {
    await this.#world.invoke('work', async ports => {
      await recordJob(ports, attempt, await ports.spark!.submit({ attempt, plan: '' }))
    })
  }

  // A worker that cannot say how it ended tries again some times, then it is gone.
  async #end(attempt: AttemptName, ended: Parameters<typeof finish>[2], begun?: Stored<RunDoc>): Promise<void> {
    for (let tries = 0; tries < 3; tries++)
      if (await this.#world.invoke('work', ports => finish(ports, attempt, ended, begun), attempt)) return
  }

  #sleep(ms: number): Promise<void> {
    return ms === 0 ? Promise.resolve() : new Promise(resolve => this.#world.at(this.#world.now + ms, 'work', resolve))
  }
}
