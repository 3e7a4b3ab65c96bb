/** Of osls, what its plugins here use; it ships types of the configuration only. */
export interface Osls {
  serviceDir: string
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
