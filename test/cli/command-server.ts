import { main } from '../../cli/main.ts'

/* Runs the commands it is told, one after the other, as cli/redeye.ts runs its one, and answers with what each printed. */

const text = { out: '', err: '' }
const writesTo = (to: 'out' | 'err') => (chunk: string | Uint8Array) => {
  text[to] += chunk
  return true
}
process.stdout.write = writesTo('out')
process.stderr.write = writesTo('err')
// Each command listens anew.
process.stdout.setMaxListeners(0)
process.stderr.setMaxListeners(0)

process.on('message', async ({ cwd, args }: { cwd: string; args: string[] }) => {
  Object.assign(text, { out: '', err: '' })
  process.chdir(cwd)
  const exit = await main(args)
  process.send!({ exit, ...text })
})
