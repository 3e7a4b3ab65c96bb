import { drawScenario, play } from './play.ts'

const [from, to] = process.argv.slice(2).map(Number)
let nights = 0,
  bad = 0
const cpu = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
const t0 = cpu()
const fault = process.argv[4]
for (let seed = from!; seed <= (to ?? from!); seed++) {
  const s = drawScenario(seed)
  if (fault === 'none') s.families = []
  else if (fault) s.families = fault.split(',')
  const lines: string[] = []
  const t = cpu()
  const p = await play(s, to === undefined ? lines : undefined)
  nights += p.nights
  if (p.failure) bad++
  if (to === undefined) console.log(lines.join('\n'))
  if (p.failure)
    console.log(
      seed,
      s.contracts.filter(c => c.kind === 'task').length,
      s.families.join(),
      p.failure.message.slice(0, 260),
      p.failure.constructor.name === 'Broken' ? '' : p.failure.stack?.split('\n').slice(1, 3).join(' '),
    )
  if (cpu() - t > 1000) console.log('slow', seed, cpu() - t, p.calls)
}
console.log(`${bad} bad; ${((nights / (cpu() - t0)) * 1000).toFixed(0)} nights/s`)
