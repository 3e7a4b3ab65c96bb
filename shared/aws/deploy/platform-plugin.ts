import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { RedeyeError } from '../../core/errors.ts'
import { bundle, projectOf } from './bundle.ts'
import { platformEntry } from './entries.ts'
import { names } from './names.ts'
import { extend, forUser, type Hooks, hooksForUser, type Osls, type OslsOptions, type OslsTools, regionOf, stageOf } from './osls.ts'
import { type PlatformFunction, withDuckdb } from './platform/functions.ts'
import { platformStack } from './platform/platform.ts'
import { provider } from './provider.ts'
import { artifact, bundleLine, withArtifacts } from './service-plugin.ts'
import { sited } from './site.ts'
import { skippedNight } from './skipped-night.ts'
import { placeOfSetting, type StageSettings, stageSettings } from './stage-settings.ts'
import { isProtected, protectTable } from './table-protection.ts'

/** What the platform's serverless.yml names as its plugin: derives the stack from its settings, bundles its functions, and registers outside datasets. */
export default class PlatformPlugin {
  readonly hooks: Hooks
  readonly #osls: Osls
  readonly #options: OslsOptions
  readonly #tools: OslsTools
  #settings: StageSettings | undefined
  #functions: PlatformFunction[] = []
  #root = ''
  #region = ''

  constructor(osls: Osls, options: OslsOptions, tools: OslsTools) {
    this.#osls = osls
    this.#options = options
    this.#tools = tools
    this.hooks = hooksForUser(osls, {
      'before:package:createDeploymentArtifacts': () => this.#bundle(),
      'before:deploy:deploy': () => this.#compare(),
      'after:deploy:deploy': async () => {
        await this.#protect()
        await this.#register()
      },
      'before:remove:remove': () => this.#empty(),
    })
  }

  async asyncInit(): Promise<void> {
    return forUser(this.#osls, () => this.#derive())
  }

  async #derive(): Promise<void> {
    const osls = this.#osls
    const stage = stageOf(osls, this.#options)
    this.#root = projectOf(osls.serviceDir)
    const given = stageSettings(this.#root, stage, this.#options.param)
    this.#region = regionOf(this.#options, given)
    const found = await sited(given, this.#region, osls.processedInput.commands)
    const settings = (this.#settings = { ...found, site: { ...found.site, newTable: await this.#makesTable(found) } })
    const stack = platformStack(settings)
    this.#functions = Object.keys(stack.functions) as PlatformFunction[]
    extend(osls, 'provider', await provider(settings, this.#region, osls.processedInput.commands))
    extend(osls, 'functions', withArtifacts(stack.functions))
    osls.extendConfiguration(['package'], { individually: true, excludeDevDependencies: false })
    extend(osls, 'resources', { Description: `Redeye ${stage}: the platform`, Parameters: stack.parameters, Resources: stack.resources })
  }

  /** A plain `sls deploy` asks no `redeye deploy`. */
  async #compare(): Promise<void> {
    if (!this.#settings!.site.active) return
    const { refuseLosses } = await import('./registration.ts')
    await refuseLosses(this.#root, this.#settings!, this.#region)
  }

  async #bundle(): Promise<void> {
    const skipped = skippedNight(this.#settings!, Date.now())
    const place = () => placeOfSetting(this.#root, this.#settings!.stage, ['nightAt', 'zone'], this.#options.param)
    if (skipped) throw new RedeyeError('BAD_DATE', skipped.message, { remedy: skipped.remedy, ...place() })
    const root = this.#root
    for (const name of this.#functions) {
      const made = await bundle({
        root,
        entry: platformEntry(name),
        ...(withDuckdb.includes(name) && { duckdb: this.#settings!.architecture }),
      })
      const file = join(this.#osls.serviceDir, artifact(name))
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, made.zip)
      this.#tools.log.notice(bundleLine(`platform ${name}`, made))
    }
  }

  /** Whether `sls deploy` is to make the table of a protected stage. */
  async #makesTable({ stage, protect, site }: StageSettings): Promise<boolean> {
    if (!protect || !site.home || this.#osls.processedInput.commands[0] !== 'deploy') return false
    return (await isProtected(names.table(stage), this.#region)) === undefined
  }

  async #protect(): Promise<void> {
    const { stage, standby, site } = this.#settings!
    if (!site.newTable) return
    for (const region of [this.#region, standby]) if (region !== '') await protectTable(names.table(stage), region)
  }

  /** osls empties the bucket of deployments only. */
  async #empty(): Promise<void> {
    const { stage, protect } = this.#settings!
    if (protect) return this.#tools.log.notice(`${stage} is protected: its ledger and lake stay`)
    const { emptyBuckets } = await import('./empty-buckets.ts')
    const account = await this.#osls.getProvider('aws').getAccountId()
    for (const line of await emptyBuckets(stage, account, this.#region)) this.#tools.log.notice(line)
  }

  /** What is registered is replicated: in a region that stands by it would be a second one's writing. */
  async #register(): Promise<void> {
    if (!this.#settings!.site.active)
      return this.#tools.log.notice(`${this.#region} stands by: contracts are registered by the region that writes`)
    const { putJobEntry } = await import('./job-entry.ts')
    await putJobEntry(this.#settings!.stage, this.#region)
    const { registerPlatform } = await import('./registration.ts')
    for (const line of await registerPlatform(this.#root, this.#settings!, this.#region)) this.#tools.log.notice(line)
  }
}
