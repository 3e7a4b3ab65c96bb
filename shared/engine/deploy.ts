import type { Contract } from '../core/contract.ts'
import { cancel } from '../core/follow.ts'
import { buildGraph, type Graph } from '../core/graph.ts'
import type { RunDoc } from '../core/run.ts'
import type { Ledger } from '../ports/ledger.ts'
import { datasetContractKey, taskContractKey } from './keys.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/** A contract whose task or dataset is gone; what it said is kept. */
interface RetiredContract {
  kind: 'retired'
  was: Contract
}

// Documents that are written together; a project of thousands of tasks has as many.
const AT_ONCE = 100

/** The graph as the ledger's contracts tell it. */
export async function readGraph(ledger: Pick<Ledger, 'query'>): Promise<Graph> {
  const found = await ledger.query<Contract | RetiredContract>('contract')
  return buildGraph(found.flatMap(({ doc }) => (doc.kind === 'retired' ? [] : [doc])))
}

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

async function register(world: World, contract: Contract, existing: Map<string, unknown>): Promise<void> {
  const key = contract.kind === 'task' ? taskContractKey(contract.task) : datasetContractKey(contract.dataset)
  existing.delete(key.sk)
  await swap<Contract>(world, key, doc => (JSON.stringify(doc) === JSON.stringify(contract) ? doc : contract))
}

async function retire(world: World, sk: string, contract: Contract): Promise<void> {
  if (contract.kind === 'task') {
    const open = await world.ledger.runsInState(contract.task, ['waiting', 'queued', 'running', 'held'])
    for (const key of open) await swap<RunDoc>(world, key, doc => cancel(doc, world.clock.now()) ?? doc)
    if (open.length > 0) await world.notifier.platform(`the task ${contract.task} is gone; ${open.length} of its runs are cancelled`)
  }
  await swap<Contract | RetiredContract>(world, { pk: 'contract', sk }, doc =>
    doc?.kind === 'retired' ? doc : { kind: 'retired', was: contract },
  )
}
