import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCompute } from '../../shared/compute/compute.ts'
import type { ComputeWorld } from '../../shared/compute/work.ts'
import type { Manifest } from '../../shared/core/manifest.ts'
import { folderLake } from '../../shared/local/lake.ts'
import type { Attempt, LocalCompute, PinnedPartition } from '../../shared/ports/compute.ts'
import type { Lake } from '../../shared/ports/lake.ts'
import type { Batch, ReadRequest, Source, SourceWorld } from '../../shared/ports/source.ts'
import type { Columns } from '../../shared/task/index.ts'
import { type Dataset, daily, dataset, ingest, type Task } from '../../shared/task/index.ts'

export const DAY = '2001-02-14'

/** A world whose work is done when it resolves. */
type LocalWorld = ComputeWorld & { spark?: LocalCompute }

/** A lake of its own for each test, removed afterwards. */
export interface Workplace {
  lake: Lake
  folder: string
  world(more?: Partial<LocalWorld>): LocalWorld
  run(task: Task, attempt?: Partial<Attempt>, world?: Partial<LocalWorld>): Promise<Manifest>
  /** Writes rows as a version of a dataset and gives its pin. */
  pin(of: Dataset, rows: Record<string, unknown>[], partition?: string, version?: number): Promise<PinnedPartition>
  keys(prefix?: string): Promise<string[]>
  close(): Promise<void>
}

export const noWorld: SourceWorld = {
  fetch: () => Promise.reject(new Error('nothing is fetched here')),
  secret: name => Promise.resolve(name),
  sleep: () => Promise.resolve(),
  now: () => 0,
}

export async function openWorkplace(): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'compute-'))
  const lake = folderLake(join(folder, 'lake'))
  const world = (more: Partial<LocalWorld> = {}): LocalWorld => ({ lake, source: noWorld, duckdb: { threads: 2 }, ...more })
  const run = (task: Task, attempt: Partial<Attempt> = {}, more: Partial<LocalWorld> = {}) =>
    createCompute(task, world(more)).run(attemptOf(task, attempt))
  return {
    lake,
    folder,
    world,
    run,
    async pin(of, rows, partition = DAY, version = 1) {
      const attempt = attemptOf(ingest({ source: sourceOf([{ records: rows }]), output: of }), { partition, generation: version })
      await createCompute(ingest({ source: sourceOf([{ records: rows }]), output: of, maxRejected: 0 }), world()).run(attempt)
      return { partition, version, folder: attempt.folder }
    },
    async keys(prefix = '') {
      const keys: string[] = []
      for await (const { key } of lake.list(prefix)) keys.push(key)
      return keys
    },
    close: () => rm(folder, { recursive: true }),
  }
}

export function attemptOf(task: Task, more: Partial<Attempt> = {}): Attempt {
  const { partition = DAY, generation = 1, attempt = 1 } = more
  return {
    task: task.name,
    partition,
    generation,
    attempt,
    folder: `${task.output.name}/${partition}/g${generation}-a${attempt}`,
    inputs: {},
    signal: new AbortController().signal,
    log: () => {},
    ...more,
  }
}

/** A source of these batches; a function may look at the request, or throw. */
export function sourceOf(batches: Iterable<Batch> | ((request: ReadRequest) => Iterable<Batch> | AsyncIterable<Batch>)): Source {
  return {
    source: 'batches',
    describe: () => 'batches',
    faults: () => [],
    async *read(request) {
      yield* typeof batches === 'function' ? batches(request) : batches
    },
  }
}

export function day<const C extends Columns>(name: string, columns: C, key: (keyof C & string)[] = []) {
  return dataset(name, { partition: daily({ from: '2001-01-01' }), columns, key, description: 'for a test', owner: 'tests@example.com' })
}
