import type { Manifest } from '../core/manifest.ts'
import { type Attempt, type Compute, type LocalCompute, Unfinished } from '../ports/compute.ts'
import type { Lake } from '../ports/lake.ts'
import type { Task } from '../task/task.ts'
import { refuseFailedChecks, runChecks } from './checks.ts'
import { openSession } from './duckdb.ts'
import { computeFailure } from './failure.ts'
import { runIngest } from './ingest.ts'
import { openedManifests, openRelations, selectVersions } from './input-relation.ts'
import { runLoad } from './load.ts'
import { manifestOf, writeManifest } from './manifest-file.ts'
import { runTransform, SparkOnly, type Statement, sqlFileOf, translate } from './transform.ts'
import type { ComputeWorld, Produced, Work } from './work.ts'

export type { ComputeWorld, TranslatedSql } from './work.ts'

/**
 * The data plane of one task: what an attempt reads, computes, writes and checks, on DuckDB inside this process. Nothing of DuckDB
 * is loaded before the first attempt.
 *
 * @example
 * const compute = createCompute(task, { lake: folderLake('.redeye/lake'), source: world })
 * const manifest = await compute.run(attempt)
 */
export function createCompute(task: Task, world: ComputeWorld & { spark?: LocalCompute }): LocalCompute
export function createCompute(task: Task, world: ComputeWorld): Compute
export function createCompute(task: Task, world: ComputeWorld): Compute {
  let statement: Promise<Statement> | undefined
  const translated = () => {
    statement ??= Promise.resolve(world.sql ?? translate(task)).then(sql => ({ translated: sql }))
    // SQL that is mended while the process lives is read again.
    statement.catch(() => (statement = undefined))
    return statement
  }
  // What outgrows the memory goes to the lake's own disk, unless something else is said.
  const duckdb = { spillFolder: spillFolderOf(world.lake), ...world.duckdb }
  const runOnDuckdb = (attempt: Attempt, lake: Lake) => runAttempt(task, { ...world, lake, duckdb }, attempt, translated)
  const { spark } = world
  if (!spark || task.work.work !== 'transform' || task.engine === 'duckdb') return { run: attempt => runOnDuckdb(attempt, world.lake) }
  if (task.engine === 'spark') return spark
  return {
    async run(attempt) {
      const lake = withManifestsKept(world.lake)
      const onSpark = attempt.outgrown || (await isSparkOnly(world, translated)) || (await isTooLarge(lake, attempt, world.mostBytes))
      return onSpark ? spark.run(attempt) : runOnDuckdb(attempt, lake)
    },
  }
}

async function isSparkOnly({ sql, sparkSql }: ComputeWorld, translated: () => Promise<Statement>): Promise<boolean> {
  if (sql || sparkSql) return !sql
  return translated().then(
    () => false,
    error => error instanceof SparkOnly,
  )
}

/** Whether an attempt's inputs have more bytes than one function should read, by their manifests. */
async function isTooLarge(lake: Lake, attempt: Attempt, mostBytes = Number.POSITIVE_INFINITY): Promise<boolean> {
  if (mostBytes === Number.POSITIVE_INFINITY) return false
  const opened = await openedManifests(lake, Object.values(attempt.inputs).flat())
  return opened.reduce((sum, { manifest }) => sum + manifest.bytes, 0) > mostBytes
}

/** The lake for one attempt: a manifest that was read to choose the engine is not read again to work. */
function withManifestsKept(lake: Lake): Lake {
  const kept = new Map<string, Promise<Uint8Array | undefined>>()
  return {
    ...lake,
    get(key) {
      if (!key.endsWith('/manifest.json')) return lake.get(key)
      const bytes = kept.get(key) ?? lake.get(key)
      kept.set(key, bytes)
      return bytes
    },
  }
}

const spillFolders = new WeakMap<Lake, string>()

/** One folder for all tasks of a process, since one DuckDB serves them; DuckDB makes it when it is needed and removes it. */
function spillFolderOf(lake: Lake): string {
  let folder = spillFolders.get(lake)
  if (folder === undefined) spillFolders.set(lake, (folder = lake.scratch('-spill')))
  return folder
}

async function runAttempt(task: Task, world: ComputeWorld, attempt: Attempt, translated: () => Promise<Statement>): Promise<Manifest> {
  const file = task.work.work === 'transform' ? sqlFileOf(task) : task.declared.file
  const context = { task: task.name, partition: attempt.partition, file, ...(world.function && { function: world.function }) }
  try {
    // A statement that cannot run costs no session.
    const statement = task.work.work === 'transform' ? await translated() : undefined
    const session = await openSession(world.duckdb ?? {}, context, attempt.signal)
    try {
      const work = { task, attempt, world, session, relationsOf: relationsOf(task, attempt, world.lake) }
      const produced = statement
        ? await runTransform(work, statement)
        : task.work.work === 'ingest'
          ? await runIngest(work)
          : await runLoad(work)
      await check(work, produced)
      const manifest = manifestOf(task.output, attempt, produced.parts, produced.quarantine)
      await writeManifest(world.lake, attempt.folder, manifest)
      return manifest
    } finally {
      session.close()
    }
  } catch (cause) {
    if (cause instanceof Unfinished) throw cause
    throw computeFailure(cause, context, attempt.signal)
  }
}

async function check(work: Work, produced: Produced): Promise<void> {
  const { task, attempt, world, session } = work
  if (task.checks.length === 0) return
  const { files, rows, columns: statistics } = produced.parts
  const manifest = manifestOf(task.output, attempt, produced.parts)
  const written = { partition: attempt.partition, manifest, paths: await Promise.all(files.map(file => world.lake.fetch(file.key))) }
  const relation = `(${selectVersions(task.output.name, task.output.columns, [written])})`
  const { partition } = attempt
  const relationOf = async (alias: string) => (await work.relationsOf([alias]))[alias]!
  const translated = world.checks && { translated: world.checks }
  const results = await runChecks({ session, task, partition, relation, rows, statistics, relationOf, ...translated })
  refuseFailedChecks(task, attempt.partition, results)
}

/** Opens inputs' versions when they are first asked for; what nobody reads is not even fetched. */
function relationsOf(task: Task, attempt: Attempt, lake: Lake): Work['relationsOf'] {
  const opened: Record<string, string> = {}
  return async aliases => {
    const fresh = aliases.filter(alias => opened[alias] === undefined)
    const datasets = fresh.map(alias => [alias, { ...task.inputs[alias]!.dataset, versions: attempt.inputs[alias] ?? [] }] as const)
    Object.assign(opened, await openRelations(lake, Object.fromEntries(datasets)))
    return Object.fromEntries(aliases.map(alias => [alias, opened[alias]!]))
  }
}
