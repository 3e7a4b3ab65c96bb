import { loadProject } from '../shared/task/project.ts'
import { regionOf } from './deploy.ts'
import { exits } from './exits.ts'
import { paint, say, table, toJson } from './output.ts'

export interface DoctorOptions {
  stage: string
  region?: string
  json?: boolean
}

/** Compares the account's quotas with what the project's tasks need at once, and says what to ask for. */
export async function doctor(root: string, options: DoctorOptions): Promise<number> {
  const [{ quotasNeeded, readQuotas, judge }, { stageSettings }] = await Promise.all([
    import('../shared/aws/deploy/quotas.ts'),
    import('../shared/aws/deploy/stage-settings.ts'),
  ])
  const region = regionOf(options)
  const project = await loadProject(root)
  const needed = quotasNeeded(project.graph, stageSettings(root, options.stage))
  const judged = judge(needed, await readQuotas(needed, region))
  if (options.json) say(toJson(judged, 2))
  else {
    const rows = judged.map(({ quota, value, needs, verdict }) => [
      quota,
      value === undefined ? '?' : String(value),
      String(needs),
      marks[verdict],
    ])
    const right = { align: 'right' } as const
    for (const line of table([{ title: 'quota' }, { title: 'has', ...right }, { title: 'needs', ...right }, { title: '' }], rows)) say(line)
    for (const { remedy } of judged) if (remedy) say(`${paint('dim', '→')} ${remedy}`)
  }
  return judged.some(j => j.verdict === 'short') ? exits.no : exits.ok
}

const marks = { ok: paint('green', 'enough'), short: paint('red', 'too little'), unknown: paint('yellow', 'not known') }
