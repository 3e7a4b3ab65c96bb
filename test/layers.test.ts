import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')

/** What the files of each folder may import: folders of shared/, and packages. A service's own rules stand below. */
const mayImport: Record<string, { folders: string[]; packages: string[] }> = {
  core: { folders: [], packages: ['temporal-polyfill'] },
  task: { folders: ['core', 'ports'], packages: [] },
  ports: { folders: ['core'], packages: [] },
  sql: { folders: ['core'], packages: [] },
  sources: { folders: ['core', 'ports'], packages: ['saxes'] },
  targets: { folders: ['core', 'ports'], packages: ['@duckdb/node-api', '@aws-sdk/client-sqs', '@aws-sdk/client-sns'] },
  compute: { folders: ['core', 'ports', 'sql', 'task'], packages: ['@duckdb/node-api'] },
  engine: { folders: ['core', 'ports', 'sql', 'task'], packages: ['@middy/core'] },
  local: { folders: ['core', 'ports', 'engine', 'compute', 'task'], packages: [] },
  aws: {
    folders: ['core', 'ports', 'engine', 'compute', 'task', 'sql'],
    packages: ['@aws-sdk/*', '@aws-lambda-powertools/logger', '@middy/core', 'esbuild', 'fflate', 'yaml'],
  },
  rehearse: { folders: ['core', 'ports', 'engine', 'local', 'task'], packages: ['yaml'] },
  testing: { folders: ['core', 'ports', 'task', 'sql', 'compute', 'sources', 'targets', 'local'], packages: [] },
}
/** On Lambda nobody hands the engine its ports, so there, and only there, it loads them. */
const exceptions: Record<string, string> = { 'shared/engine/host.ts': '../aws/host.ts' }
const remedies: Record<string, string> = {
  core: 'the rules are pure: pass what they need as an argument, or move the code to shared/engine',
  default: 'move the code to a layer that may import it, or put what both need into shared/core or behind a port',
}

const importsOf = (file: string): string[] =>
  [
    ...readFileSync(file, 'utf8').matchAll(
      /(?:^|\n)(?:import|export)\s[^'"]*?from\s+'([^']+)'|(?:^|[^.\w])import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
    ),
  ].map(m => (m[1] ?? m[2] ?? m[3])!)
const filesIn = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(f => f.endsWith('.ts'))
    .map(f => join(root, folder, f))

const isBuiltin = (name: string) => name.startsWith('node:') || builtinModules.includes(name)

describe.each(Object.entries(mayImport))('shared/%s', (layer, { folders, packages }) => {
  test('imports only what its layer may', () => {
    const broken: string[] = []
    for (const file of filesIn(`shared/${layer}`)) {
      for (const name of importsOf(file)) {
        if (isBuiltin(name)) {
          if (layer === 'core') broken.push(`${relative(root, file)} imports ${name}`)
          continue
        }
        if (exceptions[relative(root, file)] === name) continue
        const folder = name.startsWith('.') ? relative(join(root, 'shared'), resolve(dirname(file), name)).split('/')[0]! : undefined
        const allowed =
          folder === undefined
            ? packages.some(p => p === name || (p.endsWith('*') && name.startsWith(p.slice(0, -1))))
            : folder === layer || folders.includes(folder)
        if (!allowed)
          broken.push(
            `${relative(root, file)} imports ${name}; shared/${layer} may import ${[...folders.map(f => `shared/${f}`), ...packages].join(', ') || 'nothing'}: ${remedies[layer] ?? remedies.default}`,
          )
      }
    }
    expect(broken).toEqual([])
  })
})

test('the core reads no clock, no chance and no environment, and waits for nothing', () => {
  const broken = filesIn('shared/core').filter(file =>
    /Date\.now|new Date\(\)|Math\.random|process\.|setTimeout|\bawait\b|\basync\b/.test(
      readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''),
    ),
  )
  expect(broken.map(f => `${relative(root, f)}: take it as an argument`)).toEqual([])
})

test('a task.ts imports the language, sources, targets and datasets; only handler.ts knows Lambda', () => {
  const broken: string[] = []
  for (const file of filesIn('services')) {
    const allowed = file.endsWith('handler.ts')
      ? ['redeye/lambda', './task.ts']
      : [
          'redeye/task',
          'redeye/sources',
          'redeye/targets',
          '#datasets',
          ...(file.endsWith('.test.ts') ? ['redeye/testing', './task.ts'] : []),
        ]
    for (const name of importsOf(file))
      if (!allowed.includes(name) && !isBuiltin(name))
        broken.push(`${relative(root, file)} imports ${name}: it may import ${allowed.join(', ')}`)
  }
  expect(broken).toEqual([])
})

test('nothing in shared/ imports the terminal, the demo or the tests', () => {
  const broken = filesIn('shared').filter(file =>
    importsOf(file).some(name => name.startsWith('.') && !resolve(dirname(file), name).startsWith(join(root, 'shared'))),
  )
  expect(broken.map(f => relative(root, f))).toEqual([])
})
