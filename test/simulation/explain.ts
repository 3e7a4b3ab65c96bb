import { drawScenario, type Played, play, type Scenario } from './play.ts'

/** Plays one seed for people: as it is, and if it fails the smallest that still fails alike. True when it holds. */
export async function explain(seed: number): Promise<boolean> {
  const whole = drawScenario(seed)
  const { failure, ...played } = await play(whole)
  if (!failure) {
    console.log(`seed ${seed} holds: ${JSON.stringify(played)}`)
    return true
  }
  const smaller = await minimise(whole, failure.message)
  const lines: string[] = []
  const again = await play(smaller, lines)
  console.log(describe(smaller))
  console.log(lines.join('\n'))
  console.log(`\nseed ${seed}: ${again.failure?.stack ?? again.failure}`)
  if (again.failure?.message !== failure.message) console.log(`at first: ${failure.message}`)
  return false
}

/** What broke, without the names in it: smaller scenarios break it elsewhere. */
const kindOf = (message: string) => /^invariant \d+/.exec(message)?.[0] ?? message.slice(0, 60)

/** Leaves out faults, what people did, deliveries and tasks while it still fails alike. */
export async function minimise(whole: Scenario, message: string, tries = 150): Promise<Scenario> {
  let best = whole
  let left = tries
  const fails = async (scenario: Scenario): Promise<boolean> => {
    if (left-- <= 0) return false
    const played: Played = await play(scenario).catch(failure => ({ failure }) as Played)
    return played.failure !== undefined && kindOf(played.failure.message) === kindOf(message)
  }
  const tryOne = async (scenario: Scenario): Promise<void> => {
    if (await fails(scenario)) best = scenario
  }
  for (const family of whole.families) await tryOne({ ...best, families: best.families.filter(f => f !== family) })
  if (Object.keys(best.laneLimits).length > 0) await tryOne({ ...best, laneLimits: {} })
  for (const { task } of whole.contracts.flatMap(c => (c.kind === 'task' ? [c] : [])).toReversed()) await tryOne(withoutTask(best, task))
  for (let size = Math.ceil(best.script.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2))
    for (let i = 0; i < best.script.length && left > 0; i += size) await tryOne({ ...best, script: best.script.toSpliced(i, size) })
  return best
}

/** Without a task that nobody reads from; a scenario with readers stays as it is. */
function withoutTask(scenario: Scenario, task: string): Scenario {
  const gone = scenario.contracts.find(c => c.kind === 'task' && c.task === task)
  if (gone?.kind !== 'task') return scenario
  if (scenario.script.some(s => s.step === 'deploy')) return scenario
  if (scenario.contracts.some(c => c.kind === 'task' && c !== gone && c.inputs.some(i => i.dataset === gone.output))) return scenario
  const script = scenario.script.filter(s => !('task' in s && s.task === task) && !(s.step === 'request' && s.detail.tasks.includes(task)))
  return {
    ...scenario,
    script,
    contracts: scenario.contracts.filter(c => c !== gone && !(c.kind === 'dataset' && c.dataset === gone.output)),
  }
}

function describe({ contracts, families, weeks, laneLimits, onSpark, sweepMs }: Scenario): string {
  const lines = contracts.map(c =>
    c.kind === 'dataset'
      ? `dataset ${c.dataset}${c.outside ? ' (outside)' : ''} ${JSON.stringify(c.partitioning)}`
      : `task ${c.task} makes ${c.output}${c.onNight ? ' on the night' : ''}${c.limit ? `, limit ${c.limit}` : ''} from ${c.inputs.map(i => `${i.dataset} ${JSON.stringify({ ...i.mapping, wait: i.wait, onUpdate: i.onUpdate })}`).join(', ') || 'nothing'}`,
  )
  return `${lines.join('\n')}\n${weeks.days} days from ${weeks.first}; faults: ${families.join(', ') || 'none'}; lanes ${JSON.stringify(laneLimits)}; on Spark: ${onSpark.join(', ') || 'none'}; a sweep every ${sweepMs / 60_000} min\n`
}
