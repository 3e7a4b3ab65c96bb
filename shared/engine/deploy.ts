import type { Contract } from '../core/contract.ts'
import { datasetContractKey, taskContractKey } from './keys.ts'
import { swap } from './swap.ts'
import type { World } from './world.ts'

/** Registers contracts; a task that is deployed anew keeps the time of its first deployment, when its life began. */
export async function deployContracts(world: World, contracts: (deployedAt: (task: string) => number) => Contract[]): Promise<void> {
  const now = world.clock.now()
  const existing = new Map((await world.ledger.query<Contract>('contract')).map(s => [s.key.sk, s.doc]))
  const deployedAt = (task: string) => {
    const contract = existing.get(taskContractKey(task).sk)
    return contract?.kind === 'task' ? contract.deployedAt : now
  }
  for (const contract of contracts(deployedAt)) {
    const key = contract.kind === 'task' ? taskContractKey(contract.task) : datasetContractKey(contract.dataset)
    await swap<Contract>(world, key, doc => (JSON.stringify(doc) === JSON.stringify(contract) ? doc : contract))
  }
}
