import { mkdirSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { sizeNursery } from '../cli/nursery.ts'

// The process of one measurement: `measure.ts NAME FOLDER [--quick]`, started by bench.ts, or by hand under a profiler.
// As the redeye command does.
enableCompileCache()
sizeNursery()
// Whoever started it is gone, and nobody reads the figures.
process.once('disconnect', () => process.exit())
const { measurements } = await import('./measurements.ts')
const [name, parent, quick] = process.argv.slice(2)
const folder = join(parent!, name!)
mkdirSync(folder, { recursive: true })
const measurement = await measurements[name as keyof typeof measurements]()
const figures = await measurement({ quick: quick === '--quick', folder })
if (process.send) process.send(figures, () => process.disconnect())
else process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`)
