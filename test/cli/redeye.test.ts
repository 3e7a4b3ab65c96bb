import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedeye } from './runtime/shop.ts'
import { soundProject, trialProject } from './trial-project.ts'

test('help names every command, and each command shows examples', async () => {
  const { redeye, served } = trialProject(soundProject())
  const { exit, out, err } = await redeye('--help')
  expect([exit, err]).toEqual([0, ''])
  for (const command of ['check', 'graph', 'show', 'query', 'new', 'rehearse']) {
    expect(out).toContain(`  ${command}`)
    const help = await served(command, '--help')
    expect(help.exit).toBe(0)
    expect(help.out).toContain(`$ redeye ${command}`)
  }
})

test('it tells its version', async () => {
  expect(await trialProject({}).redeye('--version')).toEqual({ exit: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' })
})

describe('the command of a clone', () => {
  const clone = mkdtempSync(join(tmpdir(), 'redeye-clone-'))
  afterAll(() => rmSync(clone, { recursive: true, force: true }))
  mkdirSync(join(clone, 'cli'))
  copyFileSync(join(import.meta.dirname, '../../cli/redeye.mjs'), join(clone, 'cli/redeye.mjs'))
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(clone, 'cli/redeye.mjs'), ...args], { encoding: 'utf8' })
    return [status, stdout, stderr]
  }

  test('says what to do before anything is installed', () => {
    expect(run('check')).toEqual([2, '', expect.stringMatching(/^what Redeye needs is not installed yet\n {2}→ run npm install in /)])
  })

  test('is the one that Node 24 runs, once it is', () => {
    mkdirSync(join(clone, 'node_modules/commander'), { recursive: true })
    writeFileSync(join(clone, 'node_modules/commander/index.js'), '')
    writeFileSync(join(clone, 'cli/redeye.ts'), 'const said: string[] = process.argv.slice(2)\nconsole.log(...said)\n')
    expect(run('check', '--json')).toEqual([0, 'check --json\n', ''])
  })
})

test('the scripts that need packages install them first', () => {
  const { scripts } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const needing = ['test', 'types', 'lint', 'format', 'docs', 'demo', 'bench']
  expect(needing.filter(name => scripts[`pre${name}`] !== 'node cli/set-up.mjs')).toEqual([])
})

test.each([
  [['chekc'], 'Did you mean check?'],
  [['check', '--jsn'], 'Did you mean --json?'],
  [['show', 'orders', '--rows', '-1'], 'It is a whole number from 0.'],
  [['show', 'orders', '--rows', '1.5'], 'It is a whole number from 0.'],
  [['graph', '--svg'], "option '--svg <file>' argument missing"],
  [[], 'Usage: redeye'],
])('%j is bad input', async (args, message) => {
  const { exit, out, err } = await trialProject(soundProject()).served(...args)
  expect([exit, out]).toEqual([2, ''])
  expect(err).toContain(message)
})

test('a reader that leaves ends what only prints, at once', async () => {
  const { folder, write } = trialProject(soundProject())
  // Read to its end, it would be bad input.
  write('services/broken/task.ts', 'export default {')
  const check = startRedeye(folder, ['check'])
  check.child.stdout!.destroy()
  expect(await check.ended).toBe(0)
  expect(check.text.err).toBe('')
})

test('an error that nobody reads has its exit code all the same', async () => {
  const query = startRedeye(trialProject({}).folder, ['query', 'select 1'])
  query.child.stderr!.destroy()
  expect(await query.ended).toBe(2)
})

test('outside of a project it says what a project is', async () => {
  const { redeye } = trialProject({})
  expect(await redeye('check')).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('BAD_ARGUMENT neither') })
  expect((await redeye('-C', 'nowhere', 'check')).err).toContain('nowhere is no project: it does not exist\n  → name the folder')
})

test('a project is found from a folder within it, or named', async () => {
  const { redeye, folder } = trialProject(soundProject())
  const elsewhere = trialProject({})
  expect((await elsewhere.redeye('--project', folder, 'check')).exit).toBe(0)
  expect((await redeye('-C', join(folder, 'services/..'), 'check')).exit).toBe(0)
})

describe('graph', () => {
  test('as a tree, with how partitions map', async () => {
    const { redeye } = trialProject(soundProject())
    expect(await redeye('graph')).toEqual({
      exit: 0,
      err: '',
      out: `clean-orders → clean (daily) ← orders (outside), regions (latest, outside)
└─ weekly-report → report (weekly) ← clean (overlapping)
`,
    })
  })

  test('as Mermaid', async () => {
    const { out } = await trialProject(soundProject()).served('graph', '--mermaid')
    expect(out.split('\n').slice(0, 8)).toEqual([
      'flowchart LR',
      '  n0[("<b>orders</b><br/>made outside · daily")]:::outside',
      '  n1[("<b>regions</b><br/>made outside · keys")]:::outside',
      '  n2["<b>clean-orders</b><br/>clean · daily"]:::transform',
      '  n3["<b>weekly-report</b><br/>report · weekly"]:::transform',
      '  n0 --> n2',
      '  n1 -.->|"latest"| n2',
      '  n2 -->|"overlapping"| n3',
    ])
  })

  test('as a picture, printed or into a file', async () => {
    const { served, folder } = trialProject(soundProject())
    const printed = await served('graph', '--svg', '-')
    expect(printed.out).toMatch(/^<svg xmlns[\s\S]*<\/svg>\n$/)
    for (const text of ['clean-orders', 'weekly-report', 'latest', 'overlapping', 'starts nothing'])
      expect(printed.out).toContain(`>${text}`.replace('>starts', 'starts'))
    expect(printed.out).not.toMatch(/NaN|undefined/)
    expect(await served('graph', '--svg', 'graph.svg')).toMatchObject({ exit: 0, out: 'wrote graph.svg\n' })
    expect(readFileSync(join(folder, 'graph.svg'), 'utf8')).toBe(printed.out)
  })

  test('as data', async () => {
    const { tasks, datasets } = JSON.parse((await trialProject(soundProject()).served('graph', '--json')).out)
    expect(tasks).toMatchObject([
      { task: 'clean-orders', kind: 'transform', depth: 0, output: 'clean' },
      { task: 'weekly-report', depth: 1, inputs: [{ dataset: 'clean', mapping: { map: 'overlapping' } }] },
    ])
    expect(datasets.map((d: { dataset: string; producer?: string; readers: string[] }) => [d.dataset, d.producer, d.readers])).toEqual([
      ['clean', 'clean-orders', ['weekly-report']],
      ['orders', undefined, ['clean-orders']],
      ['regions', undefined, ['clean-orders']],
      ['report', 'weekly-report', []],
    ])
  })

  test('is refused where a service cannot be read, where two forms are asked for, and where the file cannot be', async () => {
    const { served, write } = trialProject(soundProject())
    expect((await served('graph', '--json', '--mermaid')).exit).toBe(2)
    expect(await served('graph', '--svg', 'no/such/folder.svg')).toMatchObject({
      exit: 2,
      err: expect.stringContaining('folder.svg cannot be written'),
    })
    write('services/broken/task.ts', 'export default {')
    expect(await served('graph')).toMatchObject({ exit: 2, out: '', err: expect.stringContaining('at services/broken/task.ts:1:') })
  })

  test('of a cycle shows every task', async () => {
    const files = soundProject()
    files['services/clean-orders/task.ts'] = files['services/clean-orders/task.ts']!.replaceAll('orders,', 'report,').replace(
      'same(orders)',
      'latest(report)',
    )
    const { served } = trialProject(files)
    const { exit, out } = await served('graph')
    expect([exit, out.match(/→/g)?.length]).toEqual([0, 2])
    expect((await served('check')).out).toContain('these tasks wait for one another: clean-orders → weekly-report → clean-orders')
    expect((await served('graph', '--svg', '-')).out).toContain('clean-orders')
  })
})
