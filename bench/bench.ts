import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Figure } from './figure.ts'
import { describeMachine } from './machine.ts'
import { measurements } from './measurements.ts'
import { table } from './table.ts'

const usage = `npm run bench -- [--only NAME] [--json FILE] [--quick]

  --only NAME   one measurement (may be repeated): ${Object.keys(measurements).join(', ')}
  --json FILE   writes [{ name, unit, value, floor?, peer? }]
  --quick       tiny sizes, to see that it runs; the figures mean nothing
`

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(usage)
    return 0
  }
  const names = values.only ?? Object.keys(measurements)
  const unknown = names.find(name => !(name in measurements))
  if (unknown !== undefined) throw new TypeError(`there is no measurement "${unknown}"; there are ${Object.keys(measurements).join(', ')}`)
  // On the disk that a project's state is on, which a temporary folder may not be.
  const parent = join(import.meta.dirname, '..', '.redeye')
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, 'bench-'))
  try {
    process.stdout.write(`${describeMachine(folder)}\n`)
    const figures: Figure[] = []
    for (const name of names) {
      if (process.stderr.isTTY) process.stderr.write(`\nmeasuring ${name} …\r`)
      const measured = await measure(name, folder, values.quick)
      process.stdout.write(`\n${table(measured)}`)
      figures.push(...measured)
    }
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(figures.map(plain), undefined, 2)}\n`)
    return 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Runs a measurement in a process of its own. */
function measure(name: string, folder: string, quick: boolean): Promise<Figure[]> {
  const child = spawn(
    process.execPath,
    ['--no-warnings', fileURLToPath(new URL('./measure.ts', import.meta.url)), name, folder, ...(quick ? ['--quick'] : [])],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  )
  return new Promise((resolve, reject) => {
    let figures: Figure[] | undefined
    child.on('message', message => (figures = message as Figure[]))
    child.on('error', reject)
    child.on('exit', code => (figures ? resolve(figures) : reject(new Error(`the measurement ${name} ended with exit code ${code}`))))
  })
}

const plain = ({ name, unit, value, floor, peer }: Figure) => ({
  name,
  unit,
  value,
  ...(floor !== undefined && { floor }),
  ...(peer !== undefined && { peer }),
})

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = error instanceof TypeError ? 2 : 1
}
