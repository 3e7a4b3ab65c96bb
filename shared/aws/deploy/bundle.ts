import { existsSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildResult, build, type Plugin } from 'esbuild'
import { RedeyeError } from '../../core/errors.ts'
import { duckdbFiles } from './duckdb-native.ts'
import { packed, zipped } from './zip.ts'

export type Architecture = 'arm64' | 'x86_64'

/** One function's code, made ready to be uploaded. */
export interface Bundle {
  zip: Uint8Array
  /** What was bundled, in bytes: JavaScript, and DuckDB's native part where there is one. */
  codeBytes: number
  nativeBytes: number
}

export interface BundleOptions {
  /** The project. */
  root: string
  /** The module to bundle, as text; its imports are seen from the project's root. It exports the function under `handler`. */
  entry: string
  /** The task.ts that the bundle is about: where its task says it is declared. */
  taskFile?: string
  /** With DuckDB and its native part, for this architecture. */
  duckdb?: Architecture
  /** Without DuckDB, and with what submits jobs to Spark. */
  spark?: boolean
}

/** Redeye's own code, which may stand in the project itself or in its node_modules. */
export const shared = fileURLToPath(new URL('../../', import.meta.url))
// Lambda says which file and which export by one text.
export const HANDLER = 'index.handler'
const CODE_FILE = 'index.js'
// SQL is translated when a service is built; and who only decides computes nothing.
const NEVER = ['sql/compile']
const COMPUTING = ['compute/compute', 'compute/spark-job', 'compute/inspect', 'aws/secrets']

/**
 * Bundles a function for Lambda: all it imports in one file, SDK clients included, no parser of SQL, and DuckDB only where asked. The same
 * sources give the same bytes, so that what has not changed is not uploaded.
 */
export async function bundle(options: BundleOptions): Promise<Bundle> {
  const code = await compiled(options)
  const native = options.duckdb ? await duckdbFiles(options.root, options.duckdb) : []
  const nativeBytes = native.reduce((sum, file) => sum + file.bytes, 0)
  const zip = zipped([await packed(CODE_FILE, code), await packed('package.json', Buffer.from('{"type":"commonjs"}')), ...native])
  return { zip, codeBytes: code.length, nativeBytes }
}

async function compiled({ root, entry, taskFile, duckdb, spark }: BundleOptions): Promise<Uint8Array> {
  let result: BuildResult<{ write: false }>
  try {
    result = await build({
      stdin: { contents: entry, resolveDir: root, sourcefile: 'lambda.ts', loader: 'ts' },
      bundle: true,
      write: false,
      platform: 'node',
      target: 'node24',
      // A module that is imported lazily is then run lazily too, though all stand in one file.
      format: 'cjs',
      minifySyntax: true,
      minifyWhitespace: true,
      keepNames: false,
      legalComments: 'none',
      charset: 'utf8',
      logLevel: 'silent',
      absWorkingDir: root,
      external: duckdb ? ['@duckdb/node-bindings-*', 'detect-libc'] : ['@duckdb/*'],
      plugins: [declaredPlace(root, taskFile), without([...NEVER, ...(duckdb || spark ? [] : COMPUTING)])],
    })
  } catch (cause) {
    throw new RedeyeError('BAD_TASK', `${taskFile ? relative(root, taskFile) : 'the platform'} cannot be bundled: ${messageOf(cause)}`, {
      remedy: 'mend the import; a service may import packages of the project, and no native ones',
      cause,
    })
  }
  return result.outputFiles[0]!.contents
}

const messageOf = (cause: unknown) => {
  const [first] = (cause as { errors?: { text: string; location?: { file: string; line: number } }[] }).errors ?? []
  return first ? `${first.text}${first.location ? ` (${first.location.file}:${first.location.line})` : ''}` : (cause as Error).message
}

/** A declaration finds its file by the stack, which a bundle has lost; a bundle holds one task, so its place is known. */
function declaredPlace(root: string, taskFile: string | undefined): Plugin {
  const file = taskFile === undefined ? '' : relative(root, taskFile)
  const contents = `export const declaredAt = () => ({ file: ${JSON.stringify(file)}, line: 1, column: 1 })`
  return {
    name: 'declared-place',
    setup: esbuild => void esbuild.onLoad({ filter: /shared\/task\/place\.ts$/ }, () => ({ contents, loader: 'ts' })),
  }
}

/** Leaves out what a bundle has no use for. */
function without(modules: readonly string[]): Plugin {
  const filter = new RegExp(`/shared/(${modules.join('|')})\\.ts$`)
  const contents = `throw new Error('this function was bundled without ${modules.join(', ')}')`
  return { name: 'without', setup: esbuild => void esbuild.onLoad({ filter }, () => ({ contents, loader: 'js' })) }
}

/** The nearest folder upward with services/: the project that a service's folder belongs to. */
export function projectOf(folder: string): string {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, 'services')) && existsSync(join(at, 'package.json'))) return at
    if (dirname(at) === at)
      throw new RedeyeError('BAD_ARGUMENT', `${folder} belongs to no project: no folder above it has services/ and package.json`, {
        remedy: 'deploy from services/TASK of a project',
      })
  }
}
