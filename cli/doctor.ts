import type { Judged, Needed, Read } from '../shared/aws/deploy/quotas.ts'
import { loadProject } from '../shared/task/project.ts'
import { regionsOf } from './deploy.ts'
import { exits } from './exits.ts'
import { count, paint, say, table, toJson } from './output.ts'
import { reaching } from './reaching.ts'

export interface DoctorOptions {
  stage: string
  region?: string
  json?: boolean
}

/** The quotas of a region, as `readQuotas` reads them. */
export type ReadQuotas = (needed: readonly Needed[], region: string) => Promise<ReadonlyMap<string, Read>>

const aws: ReadQuotas = async (needed, region) => reaching((await import('../shared/aws/deploy/quotas.ts')).readQuotas(needed, region))

/** Compares the account's quotas in each of the stage's regions with what the project's tasks need at once, and says what to ask for. */
export async function doctor(root: string, options: DoctorOptions, read = aws): Promise<number> {
  const [{ quotasNeeded, judge }, { stageSettings }] = await Promise.all([
    import('../shared/aws/deploy/quotas.ts'),
    import('../shared/aws/deploy/stage-settings.ts'),
  ])
  const settings = stageSettings(root, options.stage)
  const regions = await regionsOf(root, options)
  const needed = quotasNeeded((await loadProject(root)).graph, settings)
  const found: { region: string; judged: Judged[] }[] = []
  for (const region of regions) found.push({ region, judged: judge(needed, await read(needed, region)) })
  const all = found.flatMap(({ region, judged }) => judged.map(one => ({ region, ...one })))
  if (options.json) say(toJson(all, 2))
  else {
    for (const { region, judged } of found) show(region, judged)
    say(summary(all, regions))
  }
  // What is not known is no yes.
  return all.every(j => j.verdict === 'ok') ? exits.ok : exits.no
}

function show(region: string, judged: readonly Judged[]): void {
  const rows = judged.map(({ quota, value, needs, verdict }) => [
    quota,
    value === undefined ? '?' : String(value),
    String(needs),
    marks[verdict],
  ])
  const right = { align: 'right' } as const
  const columns = [{ title: region }, { title: 'has', ...right }, { title: 'needs', ...right }, { title: '' }]
  for (const line of table(columns, rows)) say(line)
  for (const { remedy } of judged) if (remedy) say(`${paint('dim', '→')} ${remedy}`)
  say()
}

const marks = { ok: paint('green', 'enough'), short: paint('red', 'too little'), unknown: paint('yellow', 'not known') }

function summary(all: readonly Judged[], regions: readonly string[]): string {
  const of = (verdict: Judged['verdict']) => all.filter(j => j.verdict === verdict).length
  const [short, unknown] = [of('short'), of('unknown')]
  const where = regions.join(' and ')
  if (short + unknown === 0) return `${paint('green', '✓')} the quotas of ${where} are enough`
  const parts = [
    short > 0 && paint('red', `${count(short, 'quota')} too little`),
    unknown > 0 && paint('yellow', `of ${count(unknown, 'quota')} it is not known whether enough`),
  ]
  return `${where}: ${parts.filter(Boolean).join('; ')}`
}
