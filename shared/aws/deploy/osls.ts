import { RedeyeError } from '../../core/errors.ts'

/** Of osls, what its plugins here use; it ships types of the configuration only. */
export interface Osls {
  serviceDir: string
  /** What osls shows without a stack: a user's error. */
  classes: { Error: new (message: string, code: string, options: { cause: unknown }) => Error }
  service: {
    service: string
    functions: Record<string, { package?: { artifact?: string } }>
  }
  configurationInput: { provider?: { stage?: string; region?: string; versionFunctions?: boolean }; resources?: object }
  processedInput: { commands: string[] }
  getProvider(name: 'aws'): { getAccountId(): Promise<string> }
  extendConfiguration(path: string[], value: unknown): void
}
export interface OslsOptions {
  stage?: string
  region?: string
  param?: string[]
}
export interface OslsTools {
  log: { notice(text: string): void; warning(text: string): void; error(text: string): void }
}
export type Hooks = Record<string, () => Promise<void>>

/** A plugin's work. Its errors are shown as a user's, without a stack: where, and what to do. */
export async function forUser(osls: Osls, work: () => Promise<void>): Promise<void> {
  return work().catch(cause => {
    if (!(cause instanceof RedeyeError)) throw cause
    const { code, message, place, remedy } = cause
    const at = [place.file, place.line, place.column].filter(part => part !== undefined).join(':')
    const lines = [`${code} ${message}`, at && `  at ${at}`, remedy && `  → ${remedy}`]
    throw new osls.classes.Error(lines.filter(Boolean).join('\n'), code, { cause })
  })
}

/** All of a plugin's hooks so. */
export const hooksForUser = (osls: Osls, hooks: Hooks): Hooks =>
  Object.fromEntries(Object.entries(hooks).map(([name, work]) => [name, () => forUser(osls, work)]))

/** osls's own choice of a stage, which is made only after plugins have loaded. */
export const stageOf = (osls: Osls, options: OslsOptions) => options.stage ?? osls.configurationInput.provider?.stage ?? 'dev'

/** The region: of the command, the settings or the environment. What osls says itself is its own default by now. */
export const regionOf = (options: OslsOptions, settings: { region: string }) =>
  options.region ?? (settings.region || (process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1'))

/** Gives osls a part of the configuration; what the file says itself stays as it says, but for what osls has filled in by now. */
export function extend(osls: Osls, section: string, derived: object): void {
  const own = (osls.configurationInput as Record<string, object | undefined>)[section] ?? {}
  const said = Object.entries(own).filter(([name]) => section !== 'provider' || !FILLED_IN.includes(name))
  osls.extendConfiguration([section], { ...derived, ...Object.fromEntries(said) })
}

const FILLED_IN = ['versionFunctions', 'region', 'stage']
