import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { placeInYaml, yamlFile } from '../shared/aws/deploy/yaml-file.ts'
import { RedeyeError } from '../shared/core/errors.ts'
import type { Finding } from '../shared/core/finding.ts'
import { loadModule } from '../shared/task/load-module.ts'
import type { Project, Service } from '../shared/task/project.ts'
import type { Task } from '../shared/task/task.ts'

/** What keeps services from being hosted or deployed: their handlers and their serverless.yml, which no task.ts shows; and folders that are none. */
export async function serviceFindings({ root, services }: Project): Promise<Finding[]> {
  const handlers = await Promise.all(services.map(service => handlerFinding(root, service)))
  return [...handlers.filter(f => f !== undefined), ...services.flatMap(service => yamlFindings(root, service)), ...taskless(root)]
}

/** What makes a folder of services/ a service is its task.ts; one without it is passed over by everything else. */
function taskless(root: string): Finding[] {
  const folders = globSync('services/*/', { cwd: root, exclude: ['**/node_modules', '**/.*'] })
  return folders
    .filter(folder => !existsSync(join(root, folder, 'task.ts')))
    .map(file => ({
      code: 'BAD_TASK',
      severity: 'warning',
      file,
      message: `${basename(file)}: there is no task.ts in this folder, so it is no service`,
      remedy: 'write its task.ts, or take the folder out of services/',
    }))
}

/** Why a service's handler.ts cannot host its task; undefined when it can. */
export async function handlerFinding(root: string, { name, folder, task }: Service): Promise<Finding | undefined> {
  const file = join(folder, 'handler.ts')
  if (!existsSync(file)) return lacking(root, task, 'handler.ts', 'nothing can host it', HANDLER)
  const finding = { code: 'BAD_TASK', severity: 'error', task: name, file: relative(root, file), line: 1, column: 1 } as const
  const loaded = await loadModule(file, root)
  if ('failure' in loaded) return { ...finding, ...loaded.failure, file: relative(root, loaded.failure.file ?? file) }
  const remedy = HANDLER
  const missing = ['decide', 'work'].filter(word => typeof loaded.exports[word] !== 'function')
  if (missing.length > 0) return { ...finding, message: `${name}: its handler exports no ${missing.join(' and no ')}`, remedy }
  // What it exports does not say of which task it is.
  const text = readFileSync(file, 'utf8')
  const imported = [...text.matchAll(/from\s+['"]([^'"]*\/task\.ts)['"]/dg)]
  const other = imported[0]
  if (!other || imported.some(m => m[1] === './task.ts')) return undefined
  const before = text.slice(0, other.indices![1]![0]).split('\n')
  const place = { line: before.length, column: before.at(-1)!.length + 1 }
  return { ...finding, ...place, message: `${name}: its handler hosts ${other[1]}, which is another task`, remedy }
}

function yamlFindings(root: string, { name, folder, task }: Service): Finding[] {
  const path = join(folder, 'serverless.yml')
  if (!existsSync(path)) {
    // Where there is a platform its services are deployed.
    if (!existsSync(join(root, 'serverless.yml'))) return []
    const remedy = `write one with service: ${name}, provider: { name: aws } and plugins: [${PLUGIN}]`
    return [lacking(root, task, 'serverless.yml', 'it cannot be deployed', remedy)]
  }
  const [file, text] = [relative(root, path), readFileSync(path, 'utf8')]
  const finding = { severity: 'error', task: name, file } as const
  try {
    const faults = [...yamlFaults(name, yamlFile(text, file))]
    return faults.map(([word, message, remedy]) => ({
      ...finding,
      code: 'BAD_TASK',
      ...(placeInYaml(text, word) ?? { line: 1, column: 1 }),
      message: `${name}: ${message}`,
      remedy,
    }))
  } catch (error) {
    if (!(error instanceof RedeyeError)) throw error
    return [{ ...finding, code: error.code, ...error.place, message: error.message, remedy: error.remedy ?? '' }]
  }
}

const PLUGIN = 'redeye/deploy'
const HANDLER = 'write export const { decide, work } = lambda(task), with lambda from redeye/lambda and task from ./task.ts'

/** A file that a service must have beside its task.ts. */
const lacking = (root: string, { name, declared: { file, line, column } }: Task, what: string, so: string, remedy: string): Finding => ({
  code: 'BAD_TASK',
  severity: 'error',
  task: name,
  ...{ file: relative(root, file!), line, column },
  message: `${name}: there is no ${what} beside task.ts, so ${so}`,
  remedy,
})

function* yamlFaults(name: string, said: Record<string, unknown>): Generator<[word: string, message: string, remedy: string]> {
  const { service, provider, plugins } = said
  if (service !== name)
    yield ['service', `it would be deployed as ${JSON.stringify(service) ?? 'nothing'}`, `write service: ${name}, as its folder is called`]
  const cloud = typeof provider === 'object' && provider !== null && 'name' in provider ? provider.name : provider
  if (cloud !== 'aws') yield ['provider', `its provider is ${JSON.stringify(cloud) ?? 'not said'}`, 'write provider: { name: aws }']
  if (!Array.isArray(plugins) || !plugins.includes(PLUGIN))
    yield ['plugins', `it does without ${PLUGIN}, which makes its functions, rule and roles`, `write plugins: [${PLUGIN}]`]
}
