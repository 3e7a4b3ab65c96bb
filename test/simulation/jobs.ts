import { versionFolder } from '../../shared/core/run.ts'
import { heedJob } from '../../shared/engine/job.ts'
import type { JobStatus, Spark, SparkJob } from '../../shared/ports/spark.ts'
import type { AttemptName } from '../../shared/ports/workers.ts'
import type { Random } from './random.ts'
import type { SimulatedWorld } from './world.ts'

const MINUTE_MS = 60_000

/** Whoever runs Spark jobs: one job an attempt, its end announced once, as it was, unless faults will otherwise. */
export class Jobs {
  /** The tasks that run on Spark. */
  tasks = new Set<string>()
  /** How many minutes a job may take. */
  longest = 200
  readonly #world: SimulatedWorld
  readonly #random: Random
  readonly #jobs = new Map<string, JobStatus>()
  readonly #submitted = new Map<string, string>()

  constructor(world: SimulatedWorld, random: Random) {
    this.#world = world
    this.#random = random
  }

  /** What the engine sees of it. */
  port(call: <T>(act: () => T) => Promise<T>): Spark {
    return {
      submit: job => call(() => this.#submit(job)),
      status: id => call(() => this.#jobs.get(id)),
      cancel: id => call(() => this.#over(id, 'cancelled')),
    }
  }

  /** Whether a job is at work, whatever is said of it. */
  runs(id: string): boolean {
    return this.#jobs.get(id)?.state === 'running'
  }

  #submit({ attempt }: SparkJob): string {
    const token = folderOf(attempt)
    const known = this.#submitted.get(token)
    if (known !== undefined && !this.#random.chance(this.#world.faults.submittedTwice)) return known
    // Taken for two: of the other one nobody is told.
    if (this.#random.chance(this.#world.faults.submittedTwice)) this.#begin(attempt)
    const id = this.#begin(attempt)
    this.#submitted.set(token, id)
    return id
  }

  #begin(attempt: AttemptName): string {
    const id = `j${this.#jobs.size}`
    this.#jobs.set(id, { attempt, state: 'running' })
    this.#world.note(`job ${id} of ${folderOf(attempt)} begins`)
    this.#world.spawn(this.#run(id, attempt))
    return id
  }

  async #run(id: string, attempt: AttemptName): Promise<void> {
    const world = this.#world
    const random = this.#random
    const { faults } = world
    this.#announce(id)
    await this.#sleep(random.chance(0.3) ? 1 : random.int(1, this.longest) * MINUTE_MS)
    if (!this.runs(id)) return
    if (random.chance(faults.contradicted)) this.#announce(id)
    if (world.outgrows(attempt.task)) return this.#over(id, 'failed', 'executor ended with exit code 137')
    const folder = folderOf(attempt)
    const failure = random.chance(faults.transient) ? 'transient' : random.chance(faults.user) ? 'user' : undefined
    const dies = random.chance(faults.die)
    // A manifest is made once: a second job of the attempt finds it there, and leaves it.
    if (!failure && !dies && world.lake.text(`${folder}/manifest.json`) === undefined) world.writeVersion(folder)
    if (failure && !dies) world.lake.write(`${folder}/failure.json`, JSON.stringify({ failure, message: '' }))
    const bad = failure !== undefined || dies
    this.#over(id, bad !== random.chance(faults.contradicted) ? 'failed' : 'succeeded')
  }

  #over(id: string, state: JobStatus['state'], message?: string): void {
    const job = this.#jobs.get(id)
    if (job?.state !== 'running') return
    this.#jobs.set(id, { ...job, state, ...(message && { message }) })
    this.#world.note(`job ${id} ${state}`)
    this.#announce(id)
  }

  #announce(id: string): void {
    const { faults } = this.#world
    if (this.#random.chance(faults.unannounced)) return
    for (let times = this.#random.chance(faults.announcedTwice) ? 2 : 1; times > 0; times--)
      this.#tell(id, this.#random.chance(faults.delay) ? this.#random.int(1000, 3_600_000) : 1, 0)
  }

  #tell(id: string, after: number, tries: number): void {
    const world = this.#world
    world.at(world.now + after, 'event', () =>
      world.spawn(
        world
          .invoke('platform/jobs', ports => heedJob(ports, id), this.#jobs.get(id)!.attempt)
          .then(ok => {
            if (!ok && tries < 2) this.#tell(id, MINUTE_MS * (tries + 1), tries + 1)
          }),
      ),
    )
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => this.#world.at(this.#world.now + ms, 'work', resolve))
  }
}

const folderOf = ({ dataset, partition, generation, attempt }: AttemptName) => versionFolder(dataset, partition, generation, attempt)
