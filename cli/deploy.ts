import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DeploymentOrder } from '../shared/aws/deploy/deployment-order.ts'
import { nearest, RedeyeError } from '../shared/core/errors.ts'
import type { Finding } from '../shared/core/finding.ts'
import type { Project, Service } from '../shared/task/project.ts'
import { inSteps, type StepsEnd } from './deploy-steps.ts'
import { exits } from './exits.ts'
import { soundProject } from './host.ts'
import { osls, whyItFailed } from './osls-command.ts'
import { count, paint, say } from './output.ts'
import { sqlFindings } from './sql-findings.ts'

export interface DeployOptions {
  stage: string
  region?: string
  /** Compare only. */
  check?: boolean
  /** How many services at once. */
  atOnce?: number
}

/** Compares with what the stage has registered, and deploys: the platform and every service, or those that are named. */
export async function deploy(root: string, names: readonly string[], options: DeployOptions): Promise<number> {
  const project = await soundProject(root)
  const wrong = sqlFindings(project).filter(f => f.severity === 'error')
  for (const finding of wrong) show(finding)
  if (wrong.length > 0) return exits.bad
  const chosen = chosenOf(project, names)
  const regions = await regionsOf(root, options)
  const platform = names.length === 0 && !options.check && existsSync(join(root, 'serverless.yml'))
  if (platform && !(await deployPlatform(root, regions, options))) return exits.no
  const { order, findings } = await compared(project, chosen, options.stage, regions[0]!)
  findings.forEach(show)
  if (findings.some(f => f.severity === 'error')) {
    say(`\n${paint('red', 'nothing is deployed')}: a reader would lose what it reads`)
    return exits.bad
  }
  if (options.check) {
    say(`${count(chosen.length, 'service')} can be deployed to ${options.stage}`)
    return exits.ok
  }
  const folders = new Map(chosen.map(s => [s.name, s.folder]))
  const ended = await inSteps(order, options.atOnce ?? AT_ONCE, name => deployIn(folders.get(name)!, name, regions, options))
  showEnd(ended)
  return ended.failed.length > 0 ? exits.no : exits.ok
}

/** Where to: the region that is named, or each of the stage's, the one that holds the ledger's table first. */
export async function regionsOf(root: string, options: Pick<DeployOptions, 'stage' | 'region'>): Promise<string[]> {
  const { stageSettings } = await import('../shared/aws/deploy/stage-settings.ts')
  const { region, standby } = stageSettings(root, options.stage)
  if (options.region !== undefined) return [options.region]
  return standby === '' ? [region || regionOf(options)] : [region, standby]
}

/** In two regions each needs what the other makes: the table's replica comes with the first, and its lake is replicated once the second has one. */
async function deployPlatform(root: string, regions: readonly string[], options: DeployOptions): Promise<boolean> {
  const { hasLake, platformOrder } = await import('../shared/aws/deploy/site.ts')
  const isThere = regions[1] === undefined || (await hasLake(regions[1], options.stage))
  for (const region of platformOrder(regions, isThere)) if (!(await deployOne(root, 'the platform', region, regions, options))) return false
  return true
}

/** The services by their names; all of them when none is named. */
function chosenOf(project: Project, names: readonly string[]): Service[] {
  if (names.length === 0) return [...project.services]
  return names.map(name => {
    const found = project.services.find(s => s.name === name)
    if (found) return found
    const near = nearest(
      name,
      project.services.map(s => s.name),
    )
    throw new RedeyeError('UNKNOWN_NAME', `there is no service "${name}"`, {
      remedy: near ? `did you mean ${near}?` : 'name folders of services/',
    })
  })
}

async function compared(
  project: Project,
  chosen: Service[],
  stage: string,
  region: string,
): Promise<{ order: DeploymentOrder; findings: Finding[] }> {
  const [{ deploymentFindings }, { deploymentOrder }, { registeredIn }] = await Promise.all([
    import('../shared/aws/deploy/compatibility.ts'),
    import('../shared/aws/deploy/deployment-order.ts'),
    import('../shared/aws/deploy/registration.ts'),
  ])
  const registered = await registeredIn(stage, region)
  return { order: deploymentOrder(project, chosen, registered.reads), findings: deploymentFindings(project, chosen, registered) }
}

// CloudFormation and the machine that bundles both have more to do than this only on paper.
const AT_ONCE = 4

/** Says what stands now and what does not, where something failed. */
function showEnd({ deployed, failed, left }: StepsEnd): void {
  if (failed.length === 0) return
  say(`\n${paint('red', 'failed')}: ${failed.join(', ')}`)
  for (const { name, after } of left) say(`${paint('yellow', 'not deployed')}: ${name}, which comes after ${after.join(' and ')}`)
  say(`deployed: ${deployed.join(', ') || 'nothing'}`)
}

async function deployIn(folder: string, name: string, regions: readonly string[], options: DeployOptions): Promise<boolean> {
  for (const region of regions) if (!(await deployOne(folder, name, region, regions, options))) return false
  return true
}

async function deployOne(
  folder: string,
  name: string,
  region: string,
  regions: readonly string[],
  { stage }: DeployOptions,
): Promise<boolean> {
  const { ok, output } = await osls(folder, ['deploy', '--stage', stage, '--region', region])
  say(`${ok ? paint('green', '✓') : paint('red', '✗')} ${name}${regions.length > 1 ? ` in ${region}` : ''}`)
  if (!ok) say(whyItFailed(output))
  return ok
}

function show({ file, line, column, severity, message, code, remedy }: Finding): void {
  const place = [file, line, column].filter(part => part !== undefined).join(':')
  say(`${place || 'project'} ${paint(severity === 'error' ? 'red' : 'yellow', severity)} ${message} ${paint('dim', code)}`)
  say(`  ${paint('dim', '→')} ${remedy}`)
}

/** The region of a command: as osls would choose it. */
export const regionOf = ({ region }: { region?: string }): string =>
  region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1'
