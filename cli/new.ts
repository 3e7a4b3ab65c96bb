import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { pathToFileURL } from 'node:url'
import { nearest, RedeyeError } from '../shared/core/errors.ts'
import { loadProject, type Project } from '../shared/task/project.ts'
import { exits } from './exits.ts'
import { datasetFile, withExport } from './new/dataset-file.ts'
import { serviceFiles } from './new/service-files.ts'
import { type Ask, type Kind, type KnownDataset, kinds, type NewFlags, type Wish, wishFor } from './new/wish.ts'
import { paint, say } from './output.ts'

const barrel = 'datasets/index.ts'

/** Writes a new service with its dataset and a test that runs; refuses before anything is written. */
export async function create(root: string, kind: string, name: string, flags: NewFlags): Promise<number> {
  refuseForeignPackage(root)
  const project = await loadProject(root)
  const unread = project.unread[0]
  if (unread) throw new RedeyeError(unread.code, unread.message, unread)
  const known = await knownDatasets(project)
  const taken = new Set(project.services.map(s => s.task.output.name))
  const wish = await withQuestions(ask => wishFor(kindOf(kind), name, flags, known, taken, ask))
  const files = [datasetFile(wish), ...serviceFiles(wish)].filter(file => file !== undefined)
  for (const { path } of files)
    if (existsSync(join(root, path)))
      throw new RedeyeError('BAD_ARGUMENT', `${path} is there already`, { remedy: 'choose another name, or remove it' })
  for (const { path, text } of files) write(root, path, text)
  if ('name' in wish.output) addExport(root, wish.output.name)
  report(wish, files)
  return exits.ok
}

function kindOf(given: string): Kind {
  const kind = kinds.find(k => k === given)
  if (kind) return kind
  const near = nearest(given, kinds)
  throw new RedeyeError('BAD_ARGUMENT', `there is no kind of task "${given}"`, {
    remedy: near ? `did you mean ${near}?` : `choose ${kinds.join(', ')}`,
  })
}

/** Questions are for a terminal; elsewhere what the flags leave out has its default. */
async function withQuestions<T>(use: (ask: Ask) => Promise<T>): Promise<T> {
  if (!process.stdin.isTTY || !process.stdout.isTTY) return use(undefined)
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  try {
    const closed = new Promise<never>((_, reject) => {
      lines.once('close', () =>
        reject(new RedeyeError('BAD_ARGUMENT', 'the questions were left unanswered', { remedy: 'answer them, or say all by options' })),
      )
    })
    // Only a question that is open is ended by it.
    closed.catch(() => {})
    return await use(async (question, fallback) => {
      const asked = lines.question(`${question}${fallback ? ` ${paint('dim', `[${fallback}]`)}` : ''}: `)
      return (await Promise.race([asked, closed])).trim() || fallback
    })
  } finally {
    lines.close()
  }
}

/** The datasets by what the barrel exports them as, since that is how a task.ts names them. */
async function knownDatasets(project: Project): Promise<KnownDataset[]> {
  const file = join(project.root, barrel)
  const exports = existsSync(file) ? ((await import(pathToFileURL(file).href)) as Record<string, unknown>) : {}
  const names = new Map(Object.entries(exports).map(([exported, value]) => [value, exported]))
  return project.datasets.flatMap(dataset => {
    const exported = names.get(dataset)
    return exported === undefined ? [] : { dataset, exported }
  })
}

/** What is written imports #datasets, which a package.json must explain. */
function refuseForeignPackage(root: string) {
  const file = join(root, 'package.json')
  const remedy = 'it needs "type": "module" and "imports": { "#datasets": "./datasets/index.ts" }'
  let text = '{}'
  if (existsSync(file)) text = readFileSync(file, 'utf8')
  let parsed: { imports?: Record<string, unknown> }
  try {
    parsed = JSON.parse(text) as typeof parsed
  } catch (cause) {
    throw new RedeyeError('BAD_ARGUMENT', 'package.json is no JSON', { file, remedy, cause })
  }
  if (!parsed.imports?.['#datasets']) throw new RedeyeError('BAD_ARGUMENT', 'package.json does not say what #datasets is', { file, remedy })
}

function write(root: string, path: string, text: string) {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text, { flag: 'wx' })
}

function addExport(root: string, dataset: string) {
  const file = join(root, barrel)
  writeFileSync(file, withExport(existsSync(file) ? readFileSync(file, 'utf8') : '', dataset))
}

function report(wish: Wish, files: { path: string }[]) {
  for (const { path } of files) say(`${paint('green', 'wrote')} ${path}`)
  if ('name' in wish.output) say(`${paint('green', 'added')} its export to ${barrel}`)
  say()
  say('Next:')
  say(`  npm test -- services/${wish.name}   ${paint('dim', 'runs its test, which passes')}`)
  say(`  npx redeye check   ${paint('dim', 'says what is wrong with the project')}`)
  say(`  ${paint('dim', 'then say in these files what the task is about')}`)
}
