import type { Contract } from '../core/contract.ts'
import { cancel } from '../core/operate.ts'
import type { RunDoc } from '../core/run.ts'
import { sameJson } from '../core/same-json.ts'
import type { Key } from '../ports/ledger.ts'
import { packGraph, type RetiredContract } from './graph.ts'
import { datasetContractKey, runKey, taskContractKey } from './keys.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

// Documents that are written together; a project of thousands of tasks has as many.
const AT_ONCE = 100

/**
 * Registers a whole project's contracts. A task that is deployed anew keeps the time of its first deployment, when its life
 * began; of one that is gone the open runs end cancelled, with a word to people.
 */
export async function deployContracts(world: World, contracts: (deployedAt: (task: string) => number) => Contract[]): Promise<void> {
  const now = world.clock.now()
  const existing = new Map((await world.ledger.query<Contract | RetiredContract>('contract')).map(s => [s.key.sk, s.doc]))
  const deployedAt = (task: string) => {
    const contract = existing.get(taskContractKey(task).sk)
    return contract?.kind === 'task' ? contract.deployedAt : now
  }
  const registered = contracts(deployedAt)
  for (let from = 0; from < registered.length; from += AT_ONCE)
    await Promise.all(registered.slice(from, from + AT_ONCE).map(contract => register(world, contract, existing)))
  for (const [sk, doc] of existing) if (doc.kind !== 'retired') await retire(world, sk, doc)
}

/**
 * Registers some contracts of a stage whose services are deployed one by one: all others stay. A task that was retired begins a new life.
 * Says what changed.
 */
export async function registerContracts(
  world: Pick<World, 'ledger' | 'clock'>,
  contracts: (deployedAt: (task: string) => number) => Contract[],
): Promise<Contract[]> {
  const now = world.clock.now()
  const existing = new Map((await world.ledger.query<Contract | RetiredContract>('contract')).map(s => [s.key.sk, s.doc]))
  const deployedAt = (task: string) => {
    const contract = existing.get(taskContractKey(task).sk)
    return contract?.kind === 'task' ? contract.deployedAt : now
  }
  const changed: Contract[] = []
  for (const contract of contracts(deployedAt)) if (await register(world, contract, existing)) changed.push(contract)
  await packGraph(world)
  return changed
}

/** Ends a task's life: its open runs are cancelled, with a word to people, and its contract says so. False when there is no such task. */
export async function retireTask(world: World, task: string): Promise<boolean> {
  const key = taskContractKey(task)
  const doc = (await world.ledger.get<Contract | RetiredContract>(key))?.doc
  if (doc?.kind !== 'task') return false
  await retire(world, key.sk, doc)
  await packGraph(world)
  return true
}

async function register(world: Pick<World, 'ledger'>, contract: Contract, existing: Map<string, unknown>): Promise<boolean> {
  const key = contract.kind === 'task' ? taskContractKey(contract.task) : datasetContractKey(contract.dataset)
  existing.delete(key.sk)
  const { written } = await swap<Contract>(world, key, doc => (sameJson(doc, contract) ? doc : contract))
  return written
}

async function retire(world: World, sk: string, contract: Contract): Promise<void> {
  if (contract.kind === 'task') await cancelOpenRuns(world, contract.task)
  await swap<Contract | RetiredContract>(world, { pk: 'contract', sk }, doc =>
    doc?.kind === 'retired' ? doc : { kind: 'retired', was: contract },
  )
}

/** Cancels the runs of a task that is about to go, or gone, with a word to people; resolves with those it cancelled. */
export async function cancelOpenRuns(world: Pick<World, 'ledger' | 'clock' | 'notifier'>, task: string): Promise<Key[]> {
  const cancelled: Key[] = []
  for (const key of await world.ledger.runsInState(task, ['waiting', 'queued', 'running', 'held'])) {
    const { written } = await swap<RunDoc>(world, key, doc => cancel(doc, world.clock.now()) ?? doc)
    if (written) cancelled.push(key)
  }
  if (cancelled.length > 0) await world.notifier.platform(`the task ${task} is gone; ${cancelled.length} of its runs are cancelled`)
  return cancelled
}

/** Those of an output's runs that are cancelled and whose attempt has not been stopped yet; `known` are looked at whatever the index says. */
export async function stillToStop({ ledger }: Pick<World, 'ledger'>, output: string, known: readonly Key[]): Promise<Key[]> {
  const keys = new Map([...known, ...(await ledger.withEffects(runKey(output, '').pk))].map(key => [key.sk, key]))
  const docs = await ledger.getMany<RunDoc>([...keys.values()])
  return docs.flatMap(stored => (stored?.doc.effects?.some(e => e.effect === 'stop') ? [stored.key] : []))
}
