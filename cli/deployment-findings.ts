import { existsSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { LONGEST_PATTERN, patternLength } from '../shared/aws/deploy/pattern.ts'
import { LONGEST_POLICY, policyLengths } from '../shared/aws/deploy/policy-length.ts'
import { skippedNight } from '../shared/aws/deploy/skipped-night.ts'
import {
  isObject,
  noSetting,
  placeOfSetting,
  projectParams,
  settingMeant,
  stageSettings,
  unknownSettings,
} from '../shared/aws/deploy/stage-settings.ts'
import { placeInYaml, yamlFile } from '../shared/aws/deploy/yaml-file.ts'
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
    return [findingOf(error)]
  }
  // Those that are named, and any other, which has the defaults.
  const stages = only !== undefined ? [only] : ['default', ...Object.keys(params)]
  const found = stages.flatMap(stage => stageFinding(root, text, stage, now))
  const once = new Map(found.map(finding => [`${finding.line}:${finding.column} ${finding.message}`, finding]))
  return [...doubtfulParams(root, text), ...once.values()]
}

/** What is passed over and was perhaps meant as a choice. */
function* doubtfulParams(root: string, text: string): Generator<Finding> {
  const warning = (path: [string, ...string[]], message: string, remedy: string) =>
    ({ code: 'BAD_ARGUMENT', severity: 'warning', file: FILE, ...placeInYaml(text, ...path), message, remedy }) as const
  const { params, ...others } = yamlFile(text, FILE)
  for (const name of Object.keys(others))
    if (nearest(name, ['params'])) yield warning([name], `what is under ${name} is chosen for no stage`, 'did you mean params?')
  for (const [stage, chosen] of Object.entries(isObject(params) ? params : {})) {
    const at = ['params', stage] as const
    if (stage !== 'default' && nearest(stage, ['default']))
      yield warning([...at], `what is under ${stage} is chosen for a stage of that name alone`, 'did you mean default?')
    if (isObject(chosen))
      for (const name of unknownSettings(root, Object.keys(chosen))) yield warning([...at, name], noSetting(name), settingMeant(name))
    else if (chosen !== null) yield warning([...at], `${stage} is chosen for no stage`, 'put it under default, or under a stage')
  }
}

function stageFinding(root: string, text: string, stage: string, now: number): Finding[] {
  try {
    const skipped = skippedNight(stageSettings(root, stage), now)
    return skipped ? [{ code: 'BAD_DATE', severity: 'error', ...placeOfSetting(root, stage, ['nightAt', 'zone']), ...skipped }] : []
  } catch (error) {
    // The name of a stage is no choice that it makes.
    return [{ file: FILE, ...placeInYaml(text, 'params', stage), ...findingOf(error) }]
  }
}

function findingOf(error: unknown): Finding {
  if (!(error instanceof RedeyeError)) throw error
  const { code, message, remedy = '', place } = error
  return { code, severity: 'error', ...(place.file !== undefined && place), message, remedy }
}
