import { mkdir, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { RedeyeError } from '../../core/errors.ts'
import { loadModule } from '../../task/load-module.ts'
import type { Task } from '../../task/task.ts'
import { taskFaults } from '../../task/task-faults.ts'
import { type Bundle, bundle, projectOf } from './bundle.ts'
import { decideEntry, workEntry } from './entries.ts'
import { extend, forUser, type Hooks, hooksForUser, type Osls, type OslsOptions, type OslsTools, regionOf, stageOf } from './osls.ts'
import { provider } from './provider.ts'
import { serviceStack } from './service.ts'
import { sited } from './site.ts'
import { type StageSettings, stageSettings } from './stage-settings.ts'

/**
 * What a service's serverless.yml names as its plugin: derives the stack from task.ts, bundles both functions, and registers the
 * task's contract in the ledger when the stack stands.
 */
export default class ServicePlugin {
  readonly hooks: Hooks
  readonly #osls: Osls
  readonly #options: OslsOptions
  readonly #tools: OslsTools
  #task: Task | undefined
  #settings: StageSettings | undefined
  #root = ''
  #region = ''

  constructor(osls: Osls, options: OslsOptions, tools: OslsTools) {
    this.#osls = osls
    this.#options = options
    this.#tools = tools
    this.hooks = hooksForUser(osls, {
      'before:package:createDeploymentArtifacts': () => this.#bundle(),
      'before:deploy:deploy': () => this.#compare(),
      'after:deploy:deploy': () => this.#register(),
      'after:remove:remove': () => this.#retire(),
    })
  }

  async asyncInit(): Promise<void> {
    return forUser(this.#osls, () => this.#derive())
  }

  async #derive(): Promise<void> {
    const osls = this.#osls
    const stage = stageOf(osls, this.#options)
    this.#root = projectOf(osls.serviceDir)
    const { commands } = osls.processedInput
    const given = stageSettings(this.#root, stage, this.#options.param)
    this.#region = regionOf(this.#options, given)
    this.#settings = await sited(given, this.#region, commands)
    const task = (this.#task = await taskIn(osls.serviceDir, this.#root))
    const stack = serviceStack(task, this.#settings)
    extend(osls, 'provider', await provider(this.#settings, this.#region, commands, task.name))
    extend(osls, 'functions', withArtifacts(stack.functions))
    osls.extendConfiguration(['package'], { individually: true, excludeDevDependencies: false })
    extend(osls, 'resources', { Description: `Redeye ${stage}: ${task.name}`, Parameters: stack.parameters, Resources: stack.resources })
  }

  /** A plain `sls deploy` asks no `redeye deploy`. What a region that stands by has registered may be a moment old, and nothing is registered in it. */
  async #compare(): Promise<void> {
    if (!this.#settings!.site.active) return
    const { refuseLosses } = await import('./registration.ts')
    await refuseLosses(this.#root, this.#settings!, this.#region, this.#task!.name)
  }

  async #bundle(): Promise<void> {
    const [task, settings, root] = [this.#task!, this.#settings!, this.#root]
    const taskFile = join(this.#osls.serviceDir, 'task.ts')
    const handler = relative(root, join(this.#osls.serviceDir, 'handler.ts'))
    await this.#write('decide', await bundle({ root, taskFile, entry: decideEntry(handler) }))
    const { entry, onDuckdb } = await workEntry(task, handler)
    const engine = onDuckdb ? { duckdb: settings.architecture } : { spark: true }
    await this.#write('work', await bundle({ root, taskFile, entry, ...engine }))
  }

  async #write(name: string, made: Bundle): Promise<void> {
    const file = join(this.#osls.serviceDir, artifact(name))
    await mkdir(join(file, '..'), { recursive: true })
    await writeFile(file, made.zip)
    this.#tools.log.notice(bundleLine(`${this.#task!.name} ${name}`, made))
  }

  /** What is registered is replicated: in a region that stands by it would be a second one's writing. */
  async #register(): Promise<void> {
    if (!this.#settings!.site.active)
      return this.#tools.log.notice(`${this.#region} stands by: contracts are registered by the region that writes`)
    const { registerService } = await import('./registration.ts')
    for (const line of await registerService(this.#root, this.#task!, this.#settings!, this.#region)) this.#tools.log.notice(line)
  }

  async #retire(): Promise<void> {
    if (!this.#settings!.site.active) return
    const { retireService } = await import('./registration.ts')
    for (const line of await retireService(this.#task!, this.#settings!, this.#region)) this.#tools.log.notice(line)
  }
}

// osls looks for artifacts relative to the service's folder, and empties this one itself.
export const artifact = (name: string) => join('.serverless', 'redeye', `${name}.zip`)
export const withArtifacts = (functions: Record<string, object>) =>
  Object.fromEntries(Object.entries(functions).map(([name, f]) => [name, { ...f, package: { artifact: artifact(name) } }]))

async function taskIn(folder: string, root: string): Promise<Task> {
  const loaded = await loadModule(join(folder, 'task.ts'), root)
  if ('failure' in loaded) {
    const { message, remedy, file, line, column } = loaded.failure
    throw new RedeyeError('BAD_TASK', message, { remedy, file, line, column })
  }
  const task = loaded.exports.default as Task | undefined
  if (task?.name === basename(folder)) return sound(task)
  throw new RedeyeError('BAD_TASK', `${relative(root, join(folder, 'task.ts'))} exports no task of its folder`, {
    remedy: 'see redeye check',
  })
}

/** A plain `sls deploy` asks no `redeye check`: a task called `platform`, say, would take the platform's stack over. */
function sound(task: Task): Task {
  const fault = taskFaults(task).find(f => f.severity !== 'warning')
  if (fault) throw new RedeyeError('BAD_TASK', fault.message, { remedy: fault.remedy, ...fault.at })
  return task
}

/** A bundle's sizes, for people. */
export function bundleLine(name: string, { codeBytes, nativeBytes, zip }: Bundle): string {
  const native = nativeBytes > 0 ? ` and ${megabytes(nativeBytes)} of DuckDB` : ''
  return `${name}: ${kilobytes(codeBytes)} of code${native}, ${megabytes(zip.length)} zipped`
}

const kilobytes = (bytes: number) => `${Math.round(bytes / 1000)} kB`
const megabytes = (bytes: number) => (bytes < 1e6 ? kilobytes(bytes) : `${(bytes / 1e6).toFixed(1)} MB`)
