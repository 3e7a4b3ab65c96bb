import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SNSClient } from '@aws-sdk/client-sns'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import type { Contract } from '../../core/contract.ts'
import { RedeyeError } from '../../core/errors.ts'
import { registerContracts, retireTask } from '../../engine/deploy.ts'
import { readGraph } from '../../engine/graph.ts'
import { datasetContractKey, type PauseDoc, pauseKey } from '../../engine/keys.ts'
import { swap } from '../../engine/swap.ts'
import type { World } from '../../engine/world.ts'
import type { Ledger } from '../../ports/ledger.ts'
import { datasetContract, taskContract } from '../../task/contract.ts'
import type { Dataset } from '../../task/dataset.ts'
import { loadProject, type Project } from '../../task/project.ts'
import type { Task } from '../../task/task.ts'
import { lambdaClock } from '../clock.ts'
import { DynamoLedger } from '../ledger.ts'
import { snsNotifier } from '../notifier.ts'
import { awsFailure, errorName, sdkOptions } from '../sdk.ts'
import { platformValuesOf } from '../stage.ts'
import { deploymentFindings, type Registered } from './compatibility.ts'
import { names } from './names.ts'
import { datasetSchema, readsOf, registeredSchemas, registerSchemas } from './schemas.ts'
import type { StageSettings } from './stage-settings.ts'

/** Of the engine's world, what a deployment needs; it publishes nothing: what follows, the feed says. */
export async function deploymentWorld(stage: string, region: string): Promise<World> {
  const { table, topic } = await platformValuesOf(stage, ['table', 'topic'], new SSMClient({ ...sdkOptions, region }))
  const ledger = new DynamoLedger({ table, client: new DynamoDBClient({ ...sdkOptions, region }) })
  const notHere = (what: string) => async () => {
    throw new RedeyeError('NOT_DEPLOYED', `a deployment does not ${what}`, { failure: 'user' })
  }
  return {
    ledger,
    clock: lambdaClock(),
    notifier: snsNotifier(topic, stage, new SNSClient({ ...sdkOptions, region })),
    graph: () => readGraph(ledger),
    chance: { next: Math.random },
    laneLimits: {},
    lake: { get: notHere('read the lake'), put: notHere('write the lake') },
    bus: { publish: notHere('publish') },
    timers: { set: notHere('set timers') },
    workers: { start: notHere('start attempts'), stop: notHere('stop attempts') },
    deadLetters: { put: notHere('write dead letters') },
  }
}

/** Registers a service: its task, its output, and of its inputs those that nobody has registered yet, so that the task can wait for them. */
export async function registerService(root: string, task: Task, { stage }: StageSettings, region: string): Promise<string[]> {
  const world = await deploymentWorld(stage, region)
  return registerTask(world, root, task)
}

/** The same on any ledger. Resolves with what people should know. */
export async function registerTask(world: Pick<World, 'ledger' | 'clock'>, root: string, task: Task): Promise<string[]> {
  const inputs = await unknownInputs(world, task)
  const changed = await registerContracts(world, deployedAt => [
    ...[task.output, ...inputs].map(datasetContract),
    taskContract(task, deployedAt(task.name)),
  ])
  const service = (await loadProject(root)).services.find(s => s.name === task.name)!
  await registerSchemas(world, [datasetSchema(task.output), readsOf(root, service)])
  const graph = await readGraph(world.ledger)
  const missing = task.inputs && inputsOf(task).filter(d => !graph.producerOf(d.name) && !graph.dataset(d.name)?.outside)
  return [
    `${task.name}: ${changed.some(c => c.kind === 'task') ? 'its contract is registered' : 'its contract has not changed'}`,
    ...missing.map(d => `${task.name} waits for ${d.name}, which nothing here makes yet: deploy its producer`),
  ]
}

async function unknownInputs({ ledger }: Pick<World, 'ledger'>, task: Task): Promise<Dataset[]> {
  const inputs = inputsOf(task).filter(d => d.name !== task.output.name)
  const known = await ledger.getMany<Contract>(inputs.map(d => datasetContractKey(d.name)))
  return inputs.filter((_, i) => known[i]?.doc.kind !== 'dataset')
}

const inputsOf = (task: Task): Dataset[] => [...new Map(Object.values(task.inputs).map(i => [i.dataset.name, i.dataset])).values()]

/** Registers what the platform answers for: datasets that are made outside. */
export async function registerPlatform(root: string, { stage }: StageSettings, region: string): Promise<string[]> {
  return registerOutside(await deploymentWorld(stage, region), root)
}

export async function registerOutside(world: Pick<World, 'ledger' | 'clock'>, root: string): Promise<string[]> {
  const outside = (await loadProject(root)).datasets.filter(d => d.outside)
  await registerContracts(world, () => outside.map(datasetContract))
  await registerSchemas(world, outside.map(datasetSchema))
  return outside.length === 0 ? [] : [`made outside, and registered: ${outside.map(d => d.name).join(', ')}`]
}

/** Ends the life of a service's task, after its stack is gone. */
export async function retireService(task: Task, { stage }: StageSettings, region: string): Promise<string[]> {
  const world = await deploymentWorld(stage, region)
  const retired = await retireTask(world, task.name)
  // A pause that outlived the task would stop the next one of this name.
  await switchTask(world, task.name, false)
  return [`${task.name}: ${retired ? 'its task is retired; what it has made stays' : 'no such task was registered'}`]
}

/** Pauses a task, or ends its pause, here and now. */
export async function switchTask(world: Pick<World, 'ledger' | 'clock'>, task: string, paused: boolean): Promise<void> {
  await swap<PauseDoc>(world, pauseKey(task), doc =>
    (doc?.paused ?? false) === paused ? doc : { v: 1, task, ...doc, paused, at: world.clock.now() },
  )
}

/** What a stage has registered, for whoever is about to change it; undefined where there is no such stage yet. */
export async function registeredIn(stage: string, region: string): Promise<Registered | undefined> {
  return (await isThere(stage, region)) ? registeredOn((await deploymentWorld(stage, region)).ledger) : undefined
}

async function isThere(stage: string, region: string): Promise<boolean> {
  const Name = names.parameter(stage, 'table')
  try {
    await new SSMClient({ ...sdkOptions, region }).send(new GetParameterCommand({ Name }))
    return true
  } catch (cause) {
    if (errorName(cause) === 'ParameterNotFound') return false
    throw awsFailure(cause, { action: 'ssm:GetParameter', resource: `parameter${Name}` })
  }
}

/** Refuses to deploy a service, or the platform if none is named, where somebody who is registered would miss what it reads. */
export async function refuseLosses(root: string, { stage }: StageSettings, region: string, task?: string): Promise<void> {
  const registered = await registeredIn(stage, region)
  if (registered) refuseLossesBy(registered, await loadProject(root), task)
}

/** The same by what is registered. */
export function refuseLossesBy(registered: Registered, project: Project, task?: string): void {
  const deploying =
    task === undefined
      ? { services: [], outside: project.datasets.filter(d => d.outside) }
      : { services: project.services.filter(s => s.name === task) }
  const [first, ...more] = deploymentFindings(project, deploying, registered).filter(f => f.severity === 'error')
  if (!first) return
  const others = more.length > 0 ? ` (and ${more.length} more: redeye deploy --check)` : ''
  throw new RedeyeError(first.code, `${first.message}${others}; nothing is deployed`, first)
}

export async function registeredOn(ledger: Pick<Ledger, 'query'>): Promise<Registered> {
  const [graph, { datasets, reads }] = [await readGraph(ledger), await registeredSchemas(ledger)]
  const made = graph.datasets.filter(d => d.outside || graph.producerOf(d.dataset)).map(d => d.dataset)
  // What a task reads ends with its contract.
  return { made: new Set(made), columns: datasets, reads: reads.filter(r => graph.task(r.task)) }
}
