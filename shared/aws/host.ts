import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '@aws-lambda-powertools/logger'
import type { DuckDbOptions } from '../compute/duckdb.ts'
import type { ComputeWorld } from '../compute/work.ts'
import type { Graph } from '../core/graph.ts'
import { DEFAULT_DISK_MB, DEFAULT_FUNCTION_MB } from '../core/sizes.ts'
import { readGraph } from '../engine/graph.ts'
import type { Host } from '../engine/host.ts'
import type { World } from '../engine/world.ts'
import type { Compute } from '../ports/compute.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { SourceWorld } from '../ports/source.ts'
import type { Spark } from '../ports/spark.ts'
import type { Task } from '../task/task.ts'
import { lambdaClock } from './clock.ts'
import { duckdbOf } from './function-size.ts'
import type { BucketLake } from './lake.ts'
import { attemptLog, functionLogger, progressLog } from './logger.ts'
import { emptyScratch, scratchFolder } from './scratch.ts'
import { readSettings, type Settings } from './settings.ts'
import { startOrEnd } from './start-or-end.ts'
import { traced } from './trace.ts'
import { unhandled } from './unhandled.ts'
import { elsewhereThan, writtenInOneRegion } from './writing-region.ts'

// A warm function learns within this time that another task was deployed; reading the contracts of a hundred tasks takes 20 ms.
const GRAPH_KEEP_MS = 60_000

/** The host of a deployed function, with what the platform's functions need beside. */
export interface AwsHost extends Host {
  settings: Settings
  /** The lake, whole. */
  lake(): Promise<BucketLake>
  /** How much of the function DuckDB may take. */
  duckdb: DuckDbOptions
  /** Empties the disk, unless other work in this process goes on, and calls `work`. */
  onEmptyDisk<T>(work: () => Promise<T>): Promise<T>
  logger: Host['logger']
  /** The function's own log. */
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  handle: NonNullable<Host['handle']>
}

/** What is known of a task when its service is built, and not at run time: a bundle has neither a parser nor its sources. */
export interface Built extends Pick<ComputeWorld, 'sql' | 'sparkSql' | 'checks'> {
  task?: World['ownTask']
}
let built: Built = {}

/** Gives this function what was found out when its service was built. */
export function provideBuilt(found: Built): void {
  built = found
}

/** Loads once, when first asked. Every adapter is loaded so: a decision that takes none of them must not wait for their code. */
function lazy<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined
  return () => {
    loading ??= load()
    loading.catch(() => (loading = undefined))
    return loading
  }
}

/** The ports of a deployed function, by its environment; throws NOT_DEPLOYED where that lacks something. */
export function awsHost(env: Readonly<Record<string, string | undefined>>): AwsHost {
  const settings = readSettings(env)
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? ''
  const log = functionLogger(env.AWS_LAMBDA_FUNCTION_NAME ?? 'redeye')
  const lake = lazy(async () => (await import('./lake.ts')).bucketLake({ bucket: settings.bucket, folder: scratchFolder() }))
  const loadLedger = lazy(async () => new (await import('./ledger.ts')).DynamoLedger({ table: settings.table }))
  const spark = settings.spark && lazySpark(settings.spark, settings.bucket)
  const anyRegion = lazyLedger(loadLedger)
  const elsewhere = settings.twoRegions ? elsewhereThan(region, anyRegion, Date.now) : undefined
  const ledger = elsewhere ? writtenInOneRegion(anyRegion, elsewhere) : anyRegion
  const { world, forgetGraph } = createWorld(settings, region, { ledger, lake, spark })
  const duckdb = duckdbOf(Number(env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE) || undefined)
  const onEmptyDisk = emptyingDisk(lake)
  return {
    settings,
    world,
    lake,
    log,
    logger: attemptLog(),
    duckdb,
    onEmptyDisk,
    compute: computes({ lake, duckdb, onEmptyDisk }, sourceWorld(settings), spark),
    handle: unhandled({ world, log, forgetGraph, ...(elsewhere && { elsewhere }) }),
    prepare: loadLedger,
  }
}

/** The engine's world, of adapters that are loaded when they are first used. */
function createWorld(
  settings: Settings,
  region: string,
  { ledger, lake, spark }: { ledger: Ledger; lake: AwsHost['lake']; spark: Spark | undefined },
): { world: World; forgetGraph: () => void } {
  const clock = lambdaClock()
  const bus = lazy(async () => (await import('./bus.ts')).eventBridgeBus({ bus: settings.bus }))
  const publisher = { publish: async (events: Parameters<World['bus']['publish']>[0]) => (await bus()).publish(events) }
  const timers = lazy(async () =>
    (await import('./timers.ts')).schedulerTimers({
      group: settings.scheduleGroup,
      role: settings.scheduleRole,
      bus: settings.bus,
      region,
      deadLetters: settings.deadLetters,
      publisher,
      clock,
    }),
  )
  const workers = lazy(async () => (await import('./workers.ts')).lambdaWorkers(settings.work, settings.traces))
  const notifier = lazy(async () => (await import('./notifier.ts')).snsNotifier(settings.topic, settings.stage))
  const letters = lazy(async () => (await import('./dead-letters.ts')).sqsDeadLetters(settings.deadLetters))
  const kept = keptGraph(ledger, clock.now)
  const world: World = {
    ledger,
    bus: publisher,
    timers: { set: async (at, event) => (await timers()).set(at, event) },
    clock,
    chance: { next: Math.random },
    workers: {
      start: async attempt => startOrEnd(world, await workers(), attempt),
      stop: async attempt => (await workers()).stop(attempt),
    },
    notifier: {
      alert: async alert => (await notifier()).alert(alert),
      notice: async notice => (await notifier()).notice(notice),
      platform: async message => (await notifier()).platform(message),
    },
    deadLetters: { put: async letter => (await letters()).put(letter) },
    lake: { get: async key => (await lake()).get(key), put: async (key, bytes) => (await lake()).put(key, bytes) },
    graph: kept.graph,
    // A bundle's imports run before it says so.
    get ownTask() {
      return built.task
    },
    ...(spark && { spark }),
    ...(region !== '' && { region }),
    laneLimits: settings.laneLimits,
  }
  return { world, forgetGraph: kept.forget }
}

function lazyLedger(ledger: () => Promise<Ledger>): Ledger {
  return {
    get: async key => (await ledger()).get(key),
    getMany: async keys => (await ledger()).getMany(keys),
    put: async (key, doc, rev) => (await ledger()).put(key, doc, rev),
    query: async (pk, range) => (await ledger()).query(pk, range),
    runsInState: async (task, states) => (await ledger()).runsInState(task, states),
    publishedSince: async (dataset, since) => (await ledger()).publishedSince(dataset, since),
    withEffects: async pk => (await ledger()).withEffects(pk),
  }
}

function lazySpark(options: NonNullable<Settings['spark']>, bucket: string): Spark {
  const spark = lazy(async () => (await import('./spark.ts')).emrServerlessSpark({ ...options, bucket }))
  return {
    submit: async job => (await spark()).submit(job),
    status: async id => (await spark()).status(id),
    cancel: async id => (await spark()).cancel(id),
  }
}

/** The graph, read again after a minute, or when it was forgotten. */
function keptGraph(ledger: Ledger, now: () => number): { graph: () => Promise<Graph>; forget: () => void } {
  let kept: { graph: Promise<Graph>; until: number } | undefined
  // Who was told of something that the graph does not know looks again, and then as it is now.
  let mayLag = true
  return {
    graph() {
      if (kept && now() < kept.until) return kept.graph
      const graph = readGraph(ledger, mayLag)
      mayLag = true
      kept = { graph, until: now() + GRAPH_KEEP_MS }
      graph.catch(() => (kept = undefined))
      return graph
    },
    forget: () => {
      kept = undefined
      mayLag = false
    },
  }
}

/** What sources and targets may touch. */
function sourceWorld({ stage }: Settings): SourceWorld {
  const secret = lazy(async () => (await import('./secrets.ts')).stageSecrets({ stage, now: Date.now }))
  return {
    fetch: globalThis.fetch,
    secret: async name => (await secret())(name),
    sleep: async (ms, signal) => void (await wait(ms, undefined, signal ? { signal } : {})),
    now: () => Date.now(),
  }
}

/** The disk is what an earlier attempt left it; nothing of that is of use, and all of it may be needed. */
function emptyingDisk(lake: AwsHost['lake']): AwsHost['onEmptyDisk'] {
  let atWork = 0
  return async work => {
    if (atWork++ === 0) {
      // DuckDB looks for its home, and Lambda has none.
      process.env.HOME = emptyScratch()
      ;(await lake()).emptied()
    }
    try {
      return await work()
    } finally {
      atWork--
    }
  }
}

/** The data plane, loaded with the first attempt: a function that only decides never loads DuckDB. */
function computes(
  { lake, duckdb, onEmptyDisk }: Pick<AwsHost, 'lake' | 'duckdb' | 'onEmptyDisk'>,
  source: SourceWorld,
  spark: Spark | undefined,
): Host['compute'] {
  const created = new Map<Task, Promise<Compute>>()
  const create = async (task: Task) => {
    const { createCompute } = await import('../compute/compute.ts')
    const { memoryMb = DEFAULT_FUNCTION_MB, diskMb = DEFAULT_DISK_MB } = task
    const { task: _, ...translated } = built
    const world = { lake: await lake(), source, duckdb, function: { memoryMb, diskMb }, ...translated }
    const sql = translated.sparkSql
    if (!spark || !sql) return createCompute(task, world)
    const { sparkJob } = await import('../compute/spark-job.ts')
    // Inputs are downloaded to half of the disk; the other half is for what SQL spills.
    const mostBytes = (diskMb / 2) * 1024 ** 2
    return createCompute(task, { ...world, spark: sparkJob(task, { lake: world.lake, spark, sql }), mostBytes })
  }
  const computeOf = (task: Task) => {
    const compute = created.get(task) ?? create(task)
    created.set(task, compute)
    compute.catch(() => created.delete(task))
    return compute
  }
  const progress = progressLog()
  return task => ({
    run: attempt => {
      const { partition, generation, attempt: number, cause } = attempt
      const annotations = { task: task.name, partition, generation, attempt: number, lane: cause?.lane, night: cause?.night }
      return traced(
        task.name,
        annotations,
        () => onEmptyDisk(async () => (await computeOf(task)).run({ ...attempt, log: progress(attempt) })),
        process.env,
      )
    },
  })
}
