import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unzipSync } from 'fflate'
import { bundle } from '../shared/aws/deploy/bundle.ts'
import { decideEntry } from '../shared/aws/deploy/entries.ts'
import { describeMachine } from './machine.ts'

// What a deployed `decide` takes before its first event: Node's own start, and loading the bundle. Usage: node bench/cold-start.ts [TASK]
const root = join(import.meta.dirname, '..')
const TIMES = 15
const task = process.argv[2] ?? 'airport-day'

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!
function started(script: string): number {
  const times: number[] = []
  for (let i = 0; i < TIMES; i++) {
    const begun = performance.now()
    execFileSync(process.execPath, ['-e', script])
    times.push(performance.now() - begun)
  }
  return median(times)
}

const folder = mkdtempSync(join(tmpdir(), 'redeye-cold-'))
try {
  const taskFile = join(root, 'services', task, 'task.ts')
  const made = await bundle({ root, taskFile, entry: decideEntry(`services/${task}/handler.ts`) })
  const file = join(folder, 'index.js')
  writeFileSync(file, unzipSync(new Uint8Array(made.zip))['index.js']!)
  const bare = started('')
  const loaded = started(`require(${JSON.stringify(file)})`)
  console.log(`${task} decide: ${made.codeBytes} bytes, ${made.zip.length} zipped`)
  console.log(`Node alone ${bare.toFixed(0)} ms; with the handler loaded ${loaded.toFixed(0)} ms; median of ${TIMES}`)
  console.log(describeMachine(root))
} finally {
  rmSync(folder, { recursive: true })
}
