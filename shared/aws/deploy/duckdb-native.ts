import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { RedeyeError } from '../../core/errors.ts'
import type { Architecture } from './bundle.ts'
import { type Packed, packed } from './zip.ts'

const packageOf: Record<Architecture, string> = {
  arm64: '@duckdb/node-bindings-linux-arm64',
  x86_64: '@duckdb/node-bindings-linux-x64',
}

/** DuckDB's native part for Lambda's Linux, as a bundle's node_modules holds it. */
export async function duckdbFiles(root: string, architecture: Architecture): Promise<Packed[]> {
  const name = packageOf[architecture]
  const { folder, version } = await locate(root, architecture)
  const files = (await readdir(folder)).filter(file => /\.(node|so|json)$/.test(file))
  const cache = join(cacheOf(root), `duckdb-${version}-${architecture}-deflated`)
  return Promise.all(files.map(file => packedOnce(join(folder, file), `node_modules/${name}/${file}`, join(cache, file))))
}

/** Seventy megabytes take seconds to compress, and every service that computes has the same: they are kept compressed. */
async function packedOnce(file: string, path: string, kept: string): Promise<Packed> {
  const sizes = `${kept}.json`
  if (existsSync(sizes))
    return { path, ...(JSON.parse(await readFile(sizes, 'utf8')) as { crc: number; bytes: number }), deflated: await readFile(kept) }
  const { deflated, crc, bytes } = await packed(path, await readFile(file))
  await mkdir(dirname(kept), { recursive: true })
  // Two deployments may do this at once: whoever finds the sizes finds the whole.
  await replace(kept, deflated)
  await replace(sizes, JSON.stringify({ crc, bytes }))
  return { path, deflated, crc, bytes }
}

async function replace(file: string, content: Uint8Array | string): Promise<void> {
  const own = `${file}.${process.pid}`
  await writeFile(own, content)
  await rename(own, file)
}

const cacheOf = (root: string) => join(root, 'node_modules', '.cache', 'redeye')

/** Where the package is: installed, or, for another architecture than this machine's, fetched once beside what is. */
async function locate(root: string, architecture: Architecture): Promise<{ folder: string; version: string }> {
  const name = packageOf[architecture]
  const require = createRequire(join(root, 'package.json'))
  const bindings = createRequire(require.resolve('@duckdb/node-api')).resolve('@duckdb/node-bindings/package.json')
  const { version } = JSON.parse(await readFile(bindings, 'utf8')) as { version: string }
  const installed = join(dirname(dirname(dirname(bindings))), name)
  if (existsSync(installed)) return { folder: installed, version }
  const cache = join(cacheOf(root), `duckdb-${version}-${architecture}`)
  const fetched = join(cache, 'node_modules', name)
  if (!existsSync(join(fetched, 'package.json'))) await fetchPackage(cache, `${name}@${version}`)
  return { folder: fetched, version }
}

async function fetchPackage(folder: string, what: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  // It is not for this machine, for which npm refuses a package that is named itself unless it is forced.
  const flags = ['--force', '--no-save', '--no-package-lock', '--ignore-scripts', `--prefix=${folder}`]
  try {
    await promisify(execFile)('npm', ['install', ...flags, what], { cwd: folder })
  } catch (cause) {
    throw new RedeyeError('BAD_TASK', `${what} could not be fetched: ${(cause as Error).message}`, {
      remedy: 'see whether npm reaches its registry, or deploy for the architecture of this machine',
      cause,
    })
  }
}
