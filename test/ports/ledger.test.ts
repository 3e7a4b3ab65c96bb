import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { matters } from '../../shared/engine/relay.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import { type LedgerUnderTest, ledgerConformance } from './ledger-conformance.ts'

const folders: string[] = []
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'redeye-ledger-'))
  folders.push(folder)
  return folder
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

async function openFile(path: string): Promise<LedgerUnderTest> {
  const ledger = new SqliteLedger({ path, filter: matters })
  return {
    ledger,
    feed: ledger,
    reopen: async () => {
      ledger.close()
      return openFile(path)
    },
    close: async () => ledger.close(),
  }
}

ledgerConformance('SQLite in a file', () => openFile(join(newFolder(), 'ledger.db')))

test('what a killed process had been told was written is there, and nothing in halves', async () => {
  const path = join(newFolder(), 'ledger.db')
  const script = `
    import { SqliteLedger } from ${JSON.stringify(new URL('../../shared/local/ledger.ts', import.meta.url).href)}
    const ledger = new SqliteLedger({ path: ${JSON.stringify(path)}, filter: () => true })
    for (let i = 1; ; i++) {
      await Promise.all([ledger.put({ pk: 'n', sk: 'a' }, { i }, i - 1), ledger.put({ pk: 'n', sk: 'b' }, { i }, i - 1)])
      process.stdout.write(i + '\\n')
    }`
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = 0
  child.stdout.on('data', (data: Buffer) => {
    for (const line of String(data).split('\n')) if (line) told = Number(line)
    if (told > 200) child.kill('SIGKILL')
  })
  await once(child, 'exit')
  const ledger = new SqliteLedger({ path, filter: matters })
  const [a, b] = await ledger.getMany<{ i: number }>([
    { pk: 'n', sk: 'a' },
    { pk: 'n', sk: 'b' },
  ])
  expect(a!.doc.i).toBeGreaterThanOrEqual(told)
  expect(a).toMatchObject({ rev: a!.doc.i, doc: b!.doc })
  const { changes } = await ledger.read(10_000)
  expect(changes).toHaveLength(2 * a!.doc.i)
  ledger.close()
})
