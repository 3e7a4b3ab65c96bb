#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { sizeNursery } from './nursery.ts'

if (Number.parseInt(process.versions.node, 10) >= 24) {
  // Types are stripped once a file and kept by Node beside its other caches: a command starts in half the time.
  enableCompileCache()
  sizeNursery()
  const { main } = await import('./main.ts')
  process.exitCode = await main(process.argv.slice(2))
} else {
  // It has no types to import, and finds a newer Node.
  await import(new URL('redeye.mjs', import.meta.url).href)
}
