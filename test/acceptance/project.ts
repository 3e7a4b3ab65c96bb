import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'

const root = join(import.meta.dirname, '..', '..')
// osls takes plugins of packages, and the project is one.
const transform = 'redeye/emulator-template'

/** A copy of Redeye's own project, to deploy from and to change. */
export interface ProjectCopy {
  root: string
  services: string[]
  /** The folder that `sls` is called in. */
  folder(service: string): string
}

/**
 * Copies the project's services, datasets and deployment files; the code and the packages are the project's own. Each deployment file names
 * one plugin more, which takes out what the emulator refuses, and of `stages` the platform says that they come and go.
 */
export function copyProject(copy: string, stages: readonly string[]): ProjectCopy {
  mkdirSync(copy)
  for (const name of ['package.json', 'serverless.yml', 'services', 'datasets', 'events'])
    cpSync(join(root, name), join(copy, name), { recursive: true, filter: from => !from.includes('.serverless') })
  for (const name of ['shared', 'test', 'node_modules', 'tsconfig.json']) symlinkSync(join(root, name), join(copy, name))
  exportTransform(join(copy, 'package.json'))
  const services = readdirSync(join(copy, 'services'), { withFileTypes: true }).flatMap(entry => (entry.isDirectory() ? [entry.name] : []))
  const folder = (service: string) => join(copy, 'services', service)
  for (const place of [copy, ...services.map(folder)]) changeYaml(join(place, 'serverless.yml'), config => config.plugins.push(transform))
  changeYaml(join(copy, 'serverless.yml'), ({ params }) => {
    for (const stage of stages) params![stage] = { protect: false, nightAt: hoursAway(params!.default.zone) }
  })
  retrySoon(join(folder('strike-reports'), 'task.ts'))
  holdDemand(join(folder('route-demand'), 'task.ts'))
  declareOutside(join(copy, 'datasets'))
  return { root: copy, services, folder }
}

function exportTransform(file: string): void {
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as { exports: Record<string, string> }
  manifest.exports[transform.replace('redeye', '.')] = './test/acceptance/emulator-template.ts'
  writeFileSync(file, JSON.stringify(manifest))
}

/** No night begins by itself while the test runs: of two times, which no zone skips, one that is at least six hours away. */
export function hoursAway(timeZone: string, now = Date.now()): string {
  const hour = new Intl.DateTimeFormat('en-US', { timeZone, hour: 'numeric', hourCycle: 'h23' }).format(now)
  return Number(hour) < 12 ? '18:00' : '06:00'
}

interface Config {
  plugins: string[]
  params?: Record<string, object> & { default: { zone: string } }
}

function changeYaml(file: string, change: (config: Config) => unknown): void {
  const config = parse(readFileSync(file, 'utf8')) as Config
  change(config)
  writeFileSync(file, stringify(config))
}

/** Nobody wants to wait minutes for a retry that a test has provoked. */
function retrySoon(file: string): void {
  changeText(file, 'output: wildlifeStrikes,', "output: wildlifeStrikes,\n  retry: { backoff: '1s' },")
}

/** New bookings ask a person before demand is made anew. */
function holdDemand(file: string): void {
  changeText(file, 'same(bookings)', "same(bookings, { onUpdate: 'hold' })")
}

/** What no task makes, for events/version-delivered.example.json. */
function declareOutside(folder: string): void {
  writeFileSync(
    join(folder, 'fuel-prices.ts'),
    `import { dataset } from 'redeye/task'
import { days } from './calendar.ts'

export const fuelPrices = dataset('fuel_prices', { partition: days, columns: { airport: 'string', dollars: 'double' }, outside: true })
`,
  )
  appendFileSync(join(folder, 'index.ts'), "export { fuelPrices } from './fuel-prices.ts'\n")
}

/** Replaces a text of a file; throws when it is not there. */
export function changeText(file: string, from: string, to: string): void {
  const text = readFileSync(file, 'utf8')
  if (!text.includes(from)) throw new Error(`${file} does not hold ${from}`)
  writeFileSync(file, text.replace(from, to))
}
