import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Registered } from '../shared/aws/deploy/compatibility.ts'
import type { Deploying } from '../shared/aws/deploy/deployment-order.ts'
import { refuseStageName } from '../shared/aws/deploy/stage-settings.ts'
import { nearest, RedeyeError } from '../shared/core/errors.ts'
import type { Finding } from '../shared/core/finding.ts'
import type { Project, Service } from '../shared/task/project.ts'
import { inSteps, type StepsEnd } from './deploy-steps.ts'
import { deploymentFindings } from './deployment-findings.ts'
import { exits } from './exits.ts'
import { soundProject } from './host.ts'
import { type OslsEnd, osls, whyItFailed } from './osls-command.ts'
import { count, paint, say } from './output.ts'
import { reaching } from './reaching.ts'
import { serviceFindings } from './service-findings.ts'
import { sqlFindings } from './sql-findings.ts'

export interface DeployOptions {
  stage: string
  region?: string
  /** Compare only. */
  check?: boolean
  /** How many services at once. */
  atOnce?: number
}

/** What a deployment asks of AWS. */
export interface DeployWorld {
  /** Undefined where there is no such stage yet. */
  registered(stage: string, region: string): Promise<Registered | undefined>
  hasLake(region: string, stage: string): Promise<boolean>
  /** Whether the platform tells its services something else than when this one was deployed. */
  isBehind(stage: string, service: string, region: string): Promise<boolean>
  osls: typeof osls
}

const aws: DeployWorld = {
  registered: async (stage, region) => reaching((await import('../shared/aws/deploy/registration.ts')).registeredIn(stage, region)),
  hasLake: async (region, stage) => (await import('../shared/aws/deploy/site.ts')).hasLake(region, stage),
  isBehind: async (stage, service, region) =>
    reaching((await import('../shared/aws/deploy/platform-change.ts')).isBehind(stage, service, region)),
  osls,
}

/** Compares with what the stage has registered, and deploys: the platform and every service, or those that are named. */
export async function deploy(root: string, names: readonly string[], options: DeployOptions, world = aws): Promise<number> {
  refuseStageName(options.stage)
  const project = await soundProject(root)
  const settings = deploymentFindings(project, Date.now(), options.stage)
  const wrong = [...sqlFindings(project), ...settings, ...(await serviceFindings(project))].filter(f => f.severity === 'error')
  if (wrong.length > 0) return refused(wrong, 'the project has errors')
  settings.forEach(show)
  const deploying = deployingOf(project, names)
  const regions = await regionsOf(root, options)
  const registered = await world.registered(options.stage, regions[0]!)
  if (!registered && !deploying.outside) throw noStage(options.stage, regions[0]!)
  const { order, findings } = await compared(project, deploying, registered ?? nothing)
  if (findings.some(f => f.severity === 'error')) return refused(findings, 'a reader would miss what it reads')
  findings.forEach(show)
  if (options.check) {
    if (!registered) say(`there is no stage ${options.stage} in ${regions[0]} yet, so nothing to compare with`)
    say(`${count(deploying.services.length, 'service')} can be deployed to ${options.stage} in ${regions.join(' and ')}`)
    return exits.ok
  }
  const folders = new Map(deploying.services.map(s => [s.name, s.folder]))
  const ended = await inSteps(order, options.atOnce ?? AT_ONCE, name => {
    const folder = folders.get(name)
    return folder ? deployService(folder, name, regions, options, world) : deployPlatform(root, name, regions, options, world)
  })
  showEnd(ended)
  return ended.failed.length > 0 ? exits.no : exits.ok
}

// CloudFormation and the machine that bundles both have more to do than this only on paper.
const AT_ONCE = 4

/** What is registered in a stage that is not there yet. */
const nothing: Registered = { made: new Set(), reads: [], columns: new Map() }

/** Where to: the region that is named, or each of the stage's, the one that holds the ledger's table first. */
export async function regionsOf(root: string, options: Pick<DeployOptions, 'stage' | 'region'>): Promise<string[]> {
  const { stageSettings } = await import('../shared/aws/deploy/stage-settings.ts')
  const { region, standby } = stageSettings(root, options.stage)
  if (options.region !== undefined) return [options.region]
  return standby === '' ? [region || (await callersRegion())] : [region, standby]
}

/** The named services; all of them, with the platform, when none is named. */
function deployingOf(project: Project, names: readonly string[]): Deploying {
  if (names.length > 0) return { services: names.map(name => serviceOf(project, name)) }
  const platform = existsSync(join(project.root, 'serverless.yml'))
  return { services: project.services, ...(platform && { outside: project.datasets.filter(d => d.outside) }) }
}

function serviceOf({ services }: Project, name: string): Service {
  const found = services.find(s => s.name === name)
  if (found) return found
  const near = nearest(
    name,
    services.map(s => s.name),
  )
  throw new RedeyeError('UNKNOWN_NAME', `there is no service "${name}"`, {
    remedy: near ? `did you mean ${near}?` : 'name folders of services/',
  })
}

const noStage = (stage: string, region: string) =>
  new RedeyeError('NOT_DEPLOYED', `there is no stage ${stage} in ${region} that a service could be deployed to`, {
    remedy: `deploy its platform first: redeye deploy --stage ${stage}, or name another --stage, AWS_PROFILE or AWS_REGION`,
    failure: 'user',
  })

async function compared(project: Project, deploying: Deploying, registered: Registered) {
  const [compatibility, { deploymentOrder }] = await Promise.all([
    import('../shared/aws/deploy/compatibility.ts'),
    import('../shared/aws/deploy/deployment-order.ts'),
  ])
  return {
    order: deploymentOrder(project, deploying, registered.reads),
    findings: compatibility.deploymentFindings(project, deploying, registered),
  }
}

function refused(findings: readonly Finding[], why: string): number {
  findings.forEach(show)
  say(`\n${paint('red', 'nothing is deployed')}: ${why}`)
  return exits.bad
}

/** Says what stands now and what does not, where something failed. */
function showEnd({ deployed, failed, left }: StepsEnd): void {
  if (failed.length === 0) return
  say(`\n${paint('red', 'failed')}: ${failed.join(', ')}`)
  for (const { name, after } of left) say(`${paint('yellow', 'not deployed')}: ${name}, which comes after ${after.join(' and ')}`)
  say(`deployed: ${deployed.join(', ') || 'nothing'}`)
}

/** In two regions each needs what the other makes: the table's replica comes with the first, and its lake is replicated once the second has one. */
async function deployPlatform(
  root: string,
  name: string,
  regions: readonly string[],
  { stage }: DeployOptions,
  world: DeployWorld,
): Promise<boolean> {
  const { platformOrder } = await import('../shared/aws/deploy/site.ts')
  const isThere = regions[1] === undefined || (await world.hasLake(regions[1], stage))
  const order = platformOrder(regions, isThere)
  return inTurn(order, name, region => world.osls(root, ['deploy', '--stage', stage, '--region', region]))
}

async function deployService(
  folder: string,
  name: string,
  regions: readonly string[],
  { stage }: DeployOptions,
  world: DeployWorld,
): Promise<boolean> {
  return inTurn(regions, name, async region => {
    // osls leaves a stack as it is whose template and code are, though the platform's values, which the template only names, have changed.
    const force = (await world.isBehind(stage, name, region)) ? ['--force'] : []
    return world.osls(folder, ['deploy', '--stage', stage, '--region', region, ...force])
  })
}

/** In one region after the other; the first that fails ends it. */
async function inTurn(regions: readonly string[], name: string, deployTo: (region: string) => Promise<OslsEnd>): Promise<boolean> {
  for (const region of regions) {
    const { ok, output } = await deployTo(region)
    say(`${ok ? paint('green', '✓') : paint('red', '✗')} ${name} in ${region}`)
    if (ok) continue
    say(whyItFailed(output))
    return false
  }
  return true
}

function show({ file, line, column, severity, message, code, remedy }: Finding): void {
  const place = [file, line, column].filter(part => part !== undefined).join(':')
  say(`${place || 'project'} ${paint(severity === 'error' ? 'red' : 'yellow', severity)} ${message} ${paint('dim', code)}`)
  say(`  ${paint('dim', '→')} ${remedy}`)
}

/** The region of whoever says a command; the SDK is loaded for it alone. */
const callersRegion = async () => (await import('../shared/aws/configured-region.ts')).configuredRegion()
