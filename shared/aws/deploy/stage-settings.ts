import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nearest, type Place, RedeyeError } from '../../core/errors.ts'
import { type Lane, lanes } from '../../core/run.ts'
import { isTimezone } from '../../core/zone.ts'
import type { Architecture } from './bundle.ts'
import { endOfStage } from './names.ts'
import { placeInYaml, yamlFile } from './yaml-file.ts'

const FILE = 'serverless.yml'

/** What a project chooses for a stage, under `params` in the platform's serverless.yml: `default`, then the stage's own. */
export interface StageSettings {
  stage: string
  /** Where it is deployed; what the command or AWS_REGION says unless given. */
  region: string
  /** The zone of the nights, and the time in it at which one begins. */
  zone: string
  nightAt: string
  /** Who gets alerts, notices and alarms; nobody when empty. */
  email: string
  architecture: Architecture
  logRetentionDays: number
  /** Runs of a lane at once. */
  laneLimits: Partial<Record<Lane, number>>
  /** A network for private sources: a NAT gateway and interface endpoints cost about $165 a month. */
  network: boolean
  /** A key of one's own for ledger, lake, bus, archive, queue and topic: $1 a month and $0.03 for ten thousand uses. */
  customerKey: boolean
  /** CloudTrail's log of every read and write of lake and ledger: $0.10 for a hundred thousand. */
  audit: boolean
  /** The share of attempts that are traced. */
  traces: number
  /** Ledger, lake and bus outlive their stack, and cannot be deleted by mistake. False for a stage that comes and goes. */
  protect: boolean
  /** A second region, that ledger and lake are replicated to and that `redeye move` can make the writer; none when empty. */
  standby: string
  /** Virtual processors that Spark may have at once, for nights and manual requests, and for backfills. */
  sparkNightlyCpus: number
  sparkBackfillCpus: number
  /** What the deployment is in its region; not chosen but found out (site.ts). */
  site: Site
}

/** A stage's deployment in one of its regions. */
export interface Site {
  /** Whether it is in the stage's own region, whose stack holds the table; in the other one there is a replica. */
  home: boolean
  /** Whether this region writes: in the other one nothing begins, is heard, relayed or swept. */
  active: boolean
  /** The stream of the table's replica, by ARN, where the stack does not hold the table; empty while there is no replica yet. */
  stream: string
  /** The region that the lake is replicated to; empty while there is no bucket yet, or no key for what is in it. */
  replicatesTo: string
  /** The other region's key, by ARN, where the stage has keys of its own: each region has one, and replicas are encrypted by theirs. */
  otherKey?: string
  /** Whether this deployment of the platform makes the table; nobody asks unless the stage is protected. */
  newTable?: boolean
}

/** The one site of a stage in one region. */
export const onlySite: Site = { home: true, active: true, stream: '', replicatesTo: '' }

const defaults: Omit<StageSettings, 'stage' | 'site'> = {
  region: '',
  zone: 'UTC',
  nightAt: '03:30',
  email: '',
  architecture: 'x86_64',
  logRetentionDays: 30,
  laneLimits: {},
  network: false,
  customerKey: false,
  audit: false,
  traces: 0.01,
  protect: true,
  standby: '',
  // What a new account may have is 16 in all.
  sparkNightlyCpus: 8,
  sparkBackfillCpus: 8,
}

/** Reads a project's settings for a stage; `given` are those of the command line, `--param key=value`. Throws BAD_ARGUMENT naming what cannot be. */
export function stageSettings(root: string, stage: string, given: readonly string[] = []): StageSettings {
  const params = projectParams(root)
  const said = fromCommandLine(given)
  const [unknown] = unknownSettings(root, Object.keys(said))
  if (unknown !== undefined)
    throw new RedeyeError('BAD_ARGUMENT', `--param ${unknown}: ${noSetting(unknown)}`, { remedy: settingMeant(unknown) })
  const chosen = { ...params.default, ...params[stage], ...said }
  return checkedSettings(stage, chosen, (...names) => placeOfSetting(root, stage, names, given))
}
type Params = Record<string, Record<string, unknown>>

/** Where a stage chooses one of these, by its own choice before that of all; nowhere where the command line does. */
export function placeOfSetting(root: string, stage: string, names: readonly string[], given: readonly string[] = []): Place {
  const said = fromCommandLine(given)
  if (names.some(name => Object.hasOwn(said, name))) return {}
  const text = platformYaml(root)
  const places = [stage, 'default'].flatMap(section => names.map(name => placeInYaml(text, 'params', section, name)))
  const place = places.find(found => found !== undefined)
  return place ? { file: FILE, ...place } : {}
}

/** What stands under `params`, by stage; throws BAD_ARGUMENT at the place where serverless.yml cannot be read. */
export function projectParams(root: string): Params {
  const { params } = yamlFile(platformYaml(root), FILE)
  return isObject(params) ? (Object.fromEntries(Object.entries(params).filter(([, chosen]) => isObject(chosen))) as Params) : {}
}

function platformYaml(root: string): string {
  const file = join(root, FILE)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}
export const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null && !Array.isArray(value)

function fromCommandLine(given: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    given.map(text => {
      const at = text.indexOf('=')
      const value = text.slice(at + 1)
      return [text.slice(0, at), /^(true|false|\d+(\.\d+)?)$/.test(value) ? JSON.parse(value) : value]
    }),
  )
}

// CloudWatch takes these and no others.
const retentions = [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]

/** What each takes; undefined when the value is such. */
const takes: { [K in keyof Omit<StageSettings, 'stage' | 'site'>]: (value: unknown) => string | undefined } = {
  region: isRegion,
  standby: isRegion,
  zone: v => (typeof v === 'string' && isTimezone(v) ? undefined : 'an IANA time zone, like Europe/Madrid'),
  nightAt: v => (typeof v === 'string' && /^([01]\d|2[0-3]):[0-5]\d$/.test(v) ? undefined : "a time in quotes, like '03:30'"),
  email: v => (typeof v === 'string' && (v === '' || /^[^\s@]+@[^\s@]+$/.test(v)) ? undefined : 'an address, or nothing'),
  architecture: v => (v === 'arm64' || v === 'x86_64' ? undefined : 'arm64 or x86_64'),
  logRetentionDays: v => (retentions.includes(v as number) ? undefined : `one of ${retentions.slice(0, 10).join(', ')}, …`),
  laneLimits: v => (isLimits(v) ? undefined : `whole numbers from 1 by lane: { ${lanes.join(': 20, ')}: 20 }`),
  network: flag,
  customerKey: flag,
  audit: flag,
  traces: v => (typeof v === 'number' && v >= 0 && v <= 1 ? undefined : 'a share from 0 to 1'),
  protect: flag,
  sparkNightlyCpus: cpus,
  sparkBackfillCpus: cpus,
}

const settingNames = Object.keys(takes)

/** Of these params, those that are neither Redeye's nor the project's own: no `${param:NAME}` of it asks for them. */
export function unknownSettings(root: string, names: readonly string[]): string[] {
  const others = names.filter(name => !settingNames.includes(name))
  if (others.length === 0) return []
  // A serverless.yml may take parts of itself from files beside it.
  const entries = globSync('**/*.{yml,yaml}', { cwd: root, exclude: ['**/node_modules', '**/.*'], withFileTypes: true })
  const texts = entries.filter(entry => entry.isFile()).map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  const used = new Set(texts.flatMap(text => [...text.matchAll(/\bparam:\s*([^\s,}]+)/g)].map(match => match[1])))
  return others.filter(name => !used.has(name))
}

/** What to say of such a one. */
export const noSetting = (name: string) => `no setting of a stage is called ${name}`
export function settingMeant(name: string): string {
  const near = nearest(name, settingNames)
  return near ? `did you mean ${near}?` : `choose from ${settingNames.join(', ')}; a param of your own is one that a \${param:${name}} uses`
}

function isRegion(value: unknown): string | undefined {
  return typeof value === 'string' && /^([a-z]{2}(-[a-z]+)+-\d)?$/.test(value) ? undefined : 'a region, like eu-west-1'
}
function flag(value: unknown): string | undefined {
  return typeof value === 'boolean' ? undefined : 'true or false'
}
function cpus(value: unknown): string | undefined {
  return Number.isInteger(value) && (value as number) >= 4 ? undefined : 'a whole number from 4'
}
const isLimits = (v: unknown) =>
  typeof v === 'object' &&
  v !== null &&
  Object.entries(v).every(([lane, n]) => (lanes as readonly string[]).includes(lane) && Number.isInteger(n) && (n as number) > 0)

/** Fills in what is not given, and refuses what cannot be, at its place. Params that are not Redeye's are left alone. */
export function checkedSettings(stage: string, given: Record<string, unknown>, placeOf: PlaceOf = () => ({})): StageSettings {
  refuseStageName(stage)
  const settings: Record<string, unknown> = { stage }
  for (const [name, fits] of Object.entries(takes)) {
    const value = given[name] ?? defaults[name as keyof typeof defaults]
    const expected = fits(value)
    if (expected !== undefined)
      throw new RedeyeError('BAD_ARGUMENT', `${name} is ${JSON.stringify(value)}`, { remedy: `it takes ${expected}`, ...placeOf(name) })
    settings[name] = value
  }
  const checked = { ...settings, site: onlySite } as unknown as StageSettings
  checkRegions(checked, placeOf)
  return checked
}
/** Where the first of these is chosen that is. */
type PlaceOf = (...names: string[]) => Place

/** Throws BAD_ARGUMENT where no stage can be called so. */
export function refuseStageName(stage: string): void {
  if (!/^(?=.{1,20}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(stage))
    throw new RedeyeError('BAD_ARGUMENT', `"${stage}" is no name for a stage`, {
      remedy: 'use small letters and digits, with single "-" between them, twenty at most: it is part of every name',
    })
  const ends = endOfStage.find(word => stage.split('-').includes(word))
  if (ends)
    throw new RedeyeError('BAD_ARGUMENT', `"${stage}" is no name for a stage, since it has the word "${ends}"`, {
      remedy: `choose another word: in names "${ends}" says that the stage's has ended`,
    })
}

/** A second region needs a first one that does not change with who deploys. */
function checkRegions({ region, standby }: StageSettings, placeOf: PlaceOf): void {
  if (standby === '') return
  const refused = (message: string, remedy: string) =>
    new RedeyeError('BAD_ARGUMENT', `standby is ${standby}, ${message}`, { remedy, ...placeOf('standby', 'region') })
  if (region === '') throw refused('and region is not said', 'say region too: the one that writes unless the stage is moved')
  if (region === standby) throw refused('and so is region', 'choose two regions')
}
