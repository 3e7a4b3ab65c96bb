import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Changes } from '../../../cli/changes.ts'

const root = mkdtempSync(join(tmpdir(), 'redeye-changes-'))
const write = (file: string, text = '') => {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

/** As editors that are careful, `sed -i` and `git checkout` do: another file takes its place. */
const replace = (file: string) => {
  write(`${file}.tmp`)
  renameSync(join(root, `${file}.tmp`), join(root, file))
}

let waiting: (() => void) | undefined
const changes = new Changes(root, () => waiting?.())
/** Makes a change; resolves when one is told. */
const toldOf = (change: () => void) =>
  new Promise<void>(resolve => {
    waiting = resolve
    change()
  })

const file = 'services/sums/sums.sql'
write(file)
beforeAll(() => changes.start())
afterAll(() => {
  changes.stop()
  rmSync(root, { recursive: true })
})

test('every save is told, of a file that was replaced, too', async () => {
  await toldOf(() => write(file, 'a'))
  await toldOf(() => replace(file))
  await toldOf(() => replace(file))
  await toldOf(() => write(file, 'b'))
})

test('so is a save of a file that a link leads to', async () => {
  write('elsewhere/shared.sql')
  await toldOf(() => symlinkSync(join(root, 'elsewhere/shared.sql'), join(root, 'services/sums/linked.sql')))
  await toldOf(() => write('elsewhere/shared.sql', 'a'))
})

test('so is what happens in folders that have come, or taken the place of others', async () => {
  await toldOf(() => write('services/new/deep/task.ts'))
  await toldOf(() => replace('services/new/deep/task.ts'))
  await toldOf(() => write('datasets/first.ts'))
  await toldOf(() => replace('datasets/first.ts'))
  await toldOf(() => {
    renameSync(join(root, 'services'), join(root, 'before'))
    write(file)
  })
  await toldOf(() => replace(file))
  await toldOf(() => rmSync(join(root, 'services/sums'), { recursive: true }))
  await toldOf(() => write(file))
})
