import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { relative } from 'node:path'
import { Instrumenter } from '@stryker-mutator/instrumenter'

/** A small change of one place, switched on by its id in code that holds all of them. */
export interface Mutant {
  id: string
  /** Relative to the project. */
  file: string
  line: number
  column: number
  mutator: string
  original: string
  replacement: string
  /** Why it is not judged. */
  ignored?: string
}

export interface Instrumented {
  mutants: Mutant[]
  /** The JavaScript of each file with every mutant in it, by absolute path: as it counts what it reaches, and as it is judged, much faster. */
  counting: Record<string, string>
  judged: Record<string, string>
}

const silent = () => {}
const logger = {
  isTraceEnabled: () => false,
  isDebugEnabled: () => false,
  isInfoEnabled: () => false,
  isWarnEnabled: () => false,
  isErrorEnabled: () => false,
  isFatalEnabled: () => false,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
}

/** A node of Babel's tree, as far as it is looked at here. */
interface Node {
  type: string
  name?: string
  callee?: Node
  property?: Node
  key?: Node
  properties?: Node[]
}
interface Path {
  node: Node
  parent?: Node
  parentPath?: Path | null
}

const texts = 'a text for people'

/** What a message says is not pinned by any test: an error's code is, and it stays mutated, and so is everything that is not a literal. */
function textIgnorer(path: object): string | undefined {
  const { node, parent, parentPath } = path as Path
  // An error's options that hold a remedy and nothing else.
  if (node.type === 'ObjectExpression' && node.properties?.every(p => p.key?.name === 'remedy') && parent?.callee?.name === 'RedeyeError')
    return texts
  if (node.type !== 'StringLiteral' && node.type !== 'TemplateLiteral') return undefined
  for (let up = parentPath, child = node; up; child = up.node, up = up.parentPath) {
    if (up.node.type === 'NewExpression' && up.node.callee?.name === 'RedeyeError')
      return (up.node as { arguments?: Node[] }).arguments?.[0] === child ? undefined : texts
    if (up.node.type === 'CallExpression' && ['platform', 'finding'].includes(up.node.callee?.property?.name ?? up.node.callee?.name ?? ''))
      return texts
    if (up.node.type === 'ObjectProperty' && ['message', 'remedy', 'reason'].includes(up.node.key?.name ?? '')) return texts
    if (/Function|Statement/.test(up.node.type)) break
  }
  return parent?.type === 'ObjectProperty' && ['message', 'remedy', 'step'].includes(parent.key?.name ?? '') ? texts : undefined
}

// A cache outlives a mutant, and what a mutant put into it would be held against the next one.
const cache = /^const (\w+) = new (Weak)?Map(<.*>)?\(\);$/gm
const resettable = 'let $1 = new $2Map$3(); (globalThis.mutationResets ??= []).push(() => { $1 = new $2Map(); });'

/** Puts every mutant of these files into their code. */
export async function instrument(root: string, files: readonly string[]): Promise<Instrumented> {
  const instrumenter = new Instrumenter(logger)
  const contents = new Map(files.map(file => [file, readFileSync(file, 'utf8')]))
  const result = await instrumenter.instrument(
    files.map(name => ({ name, content: contents.get(name)!, mutate: true })),
    { plugins: null, excludedMutations: [], ignorers: [{ shouldIgnore: textIgnorer }] },
  )
  const mutants = result.mutants.map(m => ({
    id: m.id,
    file: relative(root, m.fileName),
    line: m.location.start.line + 1,
    column: m.location.start.column + 1,
    mutator: m.mutatorName,
    original: textAt(contents.get(m.fileName)!, m.location),
    replacement: m.replacement ?? '',
    ...(m.status === 'Ignored' && { ignored: m.statusReason ?? 'ignored' }),
  }))
  const counting = Object.fromEntries(result.files.map(f => [f.name, stripTypeScriptTypes(f.content.replace(cache, resettable))]))
  const judged = Object.fromEntries(Object.entries(counting).map(([name, source]) => [name, quick(source)]))
  return { mutants, counting, judged }
}

/** Without counting, and with the look at which mutant is on made a single comparison: there are several in every line. */
function quick(source: string): string {
  const looks = source
    .replaceAll(/stryCov_9fa48\("[^()]*\)/g, '0')
    .replaceAll(/stryMutAct_9fa48\("(\d+)"\)/g, '(mutation.active === $1 && mutation.hit())')
  return `const mutation = globalThis.mutation;${looks}`
}

interface Position {
  line: number
  column: number
}

function textAt(text: string, { start, end }: { start: Position; end: Position }): string {
  const lines = text.split('\n').slice(start.line, end.line + 1)
  lines[lines.length - 1] = lines.at(-1)!.slice(0, end.column)
  lines[0] = lines[0]!.slice(start.column)
  return lines.join('\n')
}
