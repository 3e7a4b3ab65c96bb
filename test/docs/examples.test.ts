import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { complaints, root } from './compile.ts'

/*
 * Every @example of a doc comment is compiled. It may use what its own file exports, what a developer imports, and the names
 * below, which stand for what the reader has; whatever else it needs it must show.
 */

const barrels = {
  'redeye/task': 'shared/task/index.ts',
  'redeye/sources': 'shared/sources/index.ts',
  'redeye/targets': 'shared/targets/index.ts',
  'redeye/testing': 'shared/testing/index.ts',
  'redeye/lambda': 'shared/engine/lambda.ts',
  '#datasets': 'datasets/index.ts',
}

/** What an example takes as given: its type and where that is from. */
const given: Record<string, [type: string, from?: string]> = {
  attempt: ['Attempt', 'ROOT/shared/ports/compute.ts'],
  columns: ['Columns', 'ROOT/shared/core/schema.ts'],
  contracts: ['Contract[]', 'ROOT/shared/core/contract.ts'],
  datasets: ['Dataset[]', 'ROOT/shared/task/dataset.ts'],
  days: ['Partitioning', 'ROOT/shared/core/partition.ts'],
  folder: ['string'],
  generation: ['number'],
  lake: ['Lake', 'ROOT/shared/ports/lake.ts'],
  path: ['string'],
  sleep: ["SourceWorld['sleep']", 'ROOT/shared/ports/source.ts'],
  task: ['Task', 'ROOT/shared/task/task.ts'],
  text: ['string'],
  versions: ['PinnedPartition[]', 'ROOT/shared/ports/compute.ts'],
  world: ['SourceWorld', 'ROOT/shared/ports/source.ts'],
}

/** Names that a file exports, its types left out; of a barrel those it hands on. */
function exportsOf(file: string): Set<string> {
  const source = readFileSync(join(root, file), 'utf8')
  const declared = [...source.matchAll(/^export (?:async )?(?:function\*?|const|class) (\w+)/gm)].map(m => m[1]!)
  const handed = [...source.matchAll(/^export \{([^}]*)\} from/gm)].flatMap(m => m[1]!.split(','))
  const values = handed.map(name => name.trim()).filter(name => name !== '' && !name.startsWith('type '))
  return new Set([...declared, ...values.map(name => name.split(' as ').at(-1)!)])
}
const offered = [
  ...Object.entries(barrels),
  ...['shared/core/partition.ts', 'shared/local/lake.ts'].map(file => [`ROOT/${file}`, file] as const),
].map(([from, file]) => [from, exportsOf(file)] as const)

/** The text of each @example in a file: up to the comment's end or its next tag, without the stars. */
function examplesOf(file: string): string[] {
  const comments = readFileSync(join(root, file), 'utf8').match(/\/\*\*[\s\S]*?\*\//g) ?? []
  return comments.flatMap(comment => {
    const text = comment.slice(3, -2).replace(/^\s*\* ?/gm, '')
    return text
      .split(/^@/m)
      .slice(1)
      .filter(tag => tag.startsWith('example'))
      .map(tag => tag.slice('example'.length).trim())
  })
}

/** An example as a module: what it uses and does not declare itself is imported or taken as given. */
function moduleOf(file: string, example: string): string {
  const code = example.replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
  const own = new Set([...code.matchAll(/\b(?:const|function|import) \{?\s*(\w+)/g)].map(m => m[1]!))
  const used = new Set([...code.matchAll(/(?<![.\w])[A-Za-z_]\w*(?!\w*:)/g)].map(m => m[0]).filter(name => !own.has(name)))
  const lines: string[] = []
  for (const [from, names] of [[`ROOT/${file}`, exportsOf(file)] as const, ...offered]) {
    const taken = [...used].filter(name => names.has(name))
    for (const name of taken) used.delete(name)
    if (taken.length > 0) lines.push(`import { ${taken.join(', ')} } from '${from}'`)
  }
  for (const name of used) {
    const [type, from] = given[name] ?? []
    if (!type) continue
    if (from) lines.push(`import type { ${/\w+/.exec(type)![0]} } from '${from}'`)
    lines.push(`declare const ${name}: ${type}`)
  }
  // Types of one file may be needed by two names.
  return [...new Set(lines), example, 'export {}'].join('\n')
}

test('the examples in doc comments compile', () => {
  const modules = new Map<string, string>()
  const files = readdirSync(join(root, 'shared'), { recursive: true, encoding: 'utf8' }).filter(f => f.endsWith('.ts'))
  for (const file of files.sort())
    examplesOf(join('shared', file)).forEach((example, i) => {
      modules.set(`${file.replace('.ts', '').replaceAll('/', '__')}-${i + 1}.ts`, moduleOf(join('shared', file), example))
    })
  expect(modules.size).toBeGreaterThan(20)
  expect(complaints(modules)).toEqual([])
}, 60_000)
