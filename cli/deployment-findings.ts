import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { LONGEST_PATTERN, patternLength } from '../shared/aws/deploy/pattern.ts'
import { LONGEST_POLICY, policyLengths } from '../shared/aws/deploy/policy-length.ts'
import { skippedNight } from '../shared/aws/deploy/skipped-night.ts'
import { checkedSettings, projectParams, stageSettings } from '../shared/aws/deploy/stage-settings.ts'
import { placeInYaml } from '../shared/aws/deploy/yaml-file.ts'
import { nearest, RedeyeError } from '../shared/core/errors.ts'
import type { Finding } from '../shared/core/finding.ts'
import { taskContract } from '../shared/task/contract.ts'
import type { Project } from '../shared/task/project.ts'
import type { Task } from '../shared/task/task.ts'

const FILE = 'serverless.yml'

/** What AWS would refuse of a project, or a night of a stage, of one or of all: known before anything is deployed. */
export function deploymentFindings(project: Project, now = Date.now(), stage?: string): Finding[] {
  return [...project.services.flatMap(service => tooLong(project, service.task)), ...stageFindings(project.root, now, stage)]
}

/** What of a service grows with its inputs, where AWS would not take it. */
function tooLong({ root }: Project, task: Task): Finding[] {
  const pattern = patternLength(taskContract(task, 0))
  const { decide, work } = policyLengths(task)
  const found = [
    ...(pattern > LONGEST_PATTERN ? [`its rule's pattern has ${pattern} characters, and EventBridge takes ${LONGEST_PATTERN}`] : []),
    ...(decide > LONGEST_POLICY ? [policyOf('decide', decide)] : []),
    ...(work > LONGEST_POLICY ? [policyOf('work', work)] : []),
  ]
  const { file, line, column } = task.declared
  return found.map(message => ({
    code: 'BAD_TASK',
    severity: 'error',
    file: relative(root, file),
    line,
    column,
    task: task.name,
    message: `${task.name}: ${message}`,
    remedy: 'give it fewer inputs: let another task join some of them first',
  }))
}

const policyOf = (name: string, length: number) =>
  `the policy of its ${name} has ${length} characters in the stage with the longest name, and IAM takes ${LONGEST_POLICY}`

function stageFindings(root: string, now: number, only: string | undefined): Finding[] {
  const file = join(root, FILE)
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  let params: ReturnType<typeof projectParams>
  try {
    params = projectParams(root)
  } catch (error) {
    if (!(error instanceof RedeyeError)) throw error
    return [{ code: error.code, severity: 'error', ...error.place, message: error.message, remedy: error.remedy ?? '' }]
  }
  // Those that are named, and any other, which has the defaults.
  const stages = only !== undefined ? [only] : [...Object.keys(params).filter(s => s !== 'default'), 'any']
  const found = new Map<string, Finding>()
  for (const stage of stages)
    for (const finding of stageFinding(root, text, stage, now)) found.set(finding.message.replace(` of stage ${stage}`, ''), finding)
  return [...misspelled(params, text), ...found.values()]
}

/** Params of other plugins may stand there too, so one that Redeye does not know is only doubtful where it is nearly one of its own. */
function misspelled(params: ReturnType<typeof projectParams>, text: string): Finding[] {
  const { stage: _, site: __, ...known } = checkedSettings('any', {})
  const names = new Set(Object.values(params).flatMap(chosen => Object.keys(chosen)))
  return [...names].flatMap(name => {
    const meant = Object.hasOwn(known, name) ? undefined : nearest(name, Object.keys(known))
    if (meant === undefined) return []
    const message = `no setting of a stage is called ${name}`
    return [{ code: 'BAD_ARGUMENT', severity: 'warning', ...placeOf(text, name), message, remedy: `did you mean ${meant}?` } as const]
  })
}

function stageFinding(root: string, text: string, stage: string, now: number): Finding[] {
  try {
    const skipped = skippedNight(stageSettings(root, stage), now)
    return skipped ? [{ code: 'BAD_DATE', severity: 'error', ...placeOf(text, 'nightAt'), ...skipped }] : []
  } catch (error) {
    if (!(error instanceof RedeyeError)) throw error
    const name = /: (\w+) of stage/.exec(error.message)?.[1] ?? 'params'
    return [{ code: error.code, severity: 'error', ...placeOf(text, name), message: error.message, remedy: error.remedy ?? '' }]
  }
}

const placeOf = (text: string, name: string) => ({ file: FILE, ...placeInYaml(text, name) })
