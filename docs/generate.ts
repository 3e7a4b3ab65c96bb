import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pictureOf } from '../cli/graph-picture.ts'
import { svg } from '../cli/graph-svg.ts'
import { createProgram } from '../cli/program.ts'
import { composeFile } from '../shared/aws/deploy/compose.ts'
import { patternsOf, platformPatterns } from '../shared/core/events.ts'
import { loadProject } from '../shared/task/project.ts'
import { costPage } from './cost-page.ts'
import { errorPage } from './error-page.ts'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

/** The documents that follow from the code, whole or between two marks, by their path. They are committed; a test compares. */
export async function derivedFiles(): Promise<Map<string, string>> {
  return new Map([
    ['docs/cost.md', costPage(root)],
    ['docs/errors.md', errorPage()],
    ['docs/images/graph.svg', `${svg(pictureOf(await loadProject(root)))}\n`],
    ['services/serverless-compose.yml', composeFile(await loadProject(root))],
    ['README.md', between('README.md', 'commands', commands())],
    ['events/README.md', between('events/README.md', 'events', events())],
  ])
}

/** A file's text with what stands between the marks of a name replaced. */
function between(file: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- begin: ${name} -->\n`, `<!-- end: ${name} -->`]
  const text = read(file)
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from)
    throw new Error(`${file} has no lines ${begin.trim()} and ${end} any more: put them where the table is to stand`)
  return `${text.slice(0, from + begin.length)}${lines.map(line => `${line}\n`).join('')}${text.slice(to)}`
}

function commands(): string[] {
  const rows = createProgram(() => {}).commands.map(command => {
    const takes = command.registeredArguments.map(a => {
      const name = `${a.name().toUpperCase()}${a.variadic ? '…' : ''}`
      return a.required ? name : `[${name}]`
    })
    return `| \`${['redeye', command.name(), ...takes].join(' ')}\` | ${command.summary() || command.description()} |`
  })
  return ['| command | what it does |', '| --- | --- |', ...rows]
}

function events(): string[] {
  const schemas = readdirSync(join(root, 'events')).filter(f => f.endsWith('.schema.json'))
  const rows = schemas.map(file => {
    const { title, description } = JSON.parse(read(join('events', file))) as { title: string; description: string }
    return `| [${title}](${file}) | ${description} | ${takers(title).join(', ')} |`
  })
  return ['| event | what it says | who takes it |', '| --- | --- | --- |', ...rows]
}

function takers(type: string): string[] {
  const platform = Object.entries(platformPatterns).filter(([, patterns]) => patterns.some(p => p['detail-type'].includes(type)))
  const tasks = patternsOf({ task: 'any', inputs: [{ dataset: 'any' }], onNight: true }).some(p => p['detail-type'].includes(type))
  return [...(tasks ? ['tasks'] : []), ...platform.map(([name]) => `\`${name}\``)]
}

if (import.meta.main) for (const [file, text] of await derivedFiles()) writeFileSync(join(root, file), text)
