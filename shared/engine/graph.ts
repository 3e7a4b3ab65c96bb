import { gunzipSync, gzipSync } from 'node:zlib'
import type { Contract } from '../core/contract.ts'
import { buildGraph, type Graph } from '../core/graph.ts'
import { sameJson } from '../core/same-json.ts'
import type { Ledger } from '../ports/ledger.ts'
import { graphKey } from './keys.ts'
import { known, swap } from './swap.ts'
import type { World } from './world.ts'

/** A contract whose task or dataset is gone; what it said is kept. */
export interface RetiredContract {
  kind: 'retired'
  was: Contract
}

/**
 * All contracts that stand, in one document beside their own: a function that wakes reads a few kilobytes however many tasks there are.
 * It is made anew with each change of a contract, and read where a moment's lag does no harm.
 */
interface GraphDoc {
  v: 1
  /** Their JSON, by gzip, in base64; absent where that is too much for one document. */
  packed?: string
}

// A document has 400 KB at most. What packs to more, of some ten thousand tasks, is read contract by contract.
const MOST_PACKED = 300_000

/** The graph as the ledger's contracts tell it, or told it a moment ago where that will do. */
export async function readGraph(ledger: Pick<Ledger, 'query'>, mayLag = false): Promise<Graph> {
  const [stored] = mayLag ? await ledger.query<GraphDoc>(graphKey.pk, { mayLag }) : []
  const packed = known(stored)?.doc.packed
  return buildGraph(packed === undefined ? await standing(ledger, mayLag) : unpacked(packed))
}

/** Packs the contracts that stand. Of two that pack at once, the later has seen what both have registered: it reads them after the revision. */
export async function packGraph(world: Pick<World, 'ledger'>): Promise<void> {
  await swap<GraphDoc>(world, graphKey, async before => {
    const contracts = await standing(world.ledger)
    if (before?.packed !== undefined && sameJson(unpacked(before.packed), contracts)) return before
    const packed = gzipSync(JSON.stringify(contracts)).toString('base64')
    const doc: GraphDoc = { v: 1, ...(packed.length <= MOST_PACKED && { packed }) }
    return sameJson(before, doc) ? before : doc
  })
}

/** Packs anew where somebody died between a contract and this, or does not know of it. */
export async function sweepGraph(world: Pick<World, 'ledger'>): Promise<void> {
  if (await world.ledger.get(graphKey)) await packGraph(world)
}

async function standing(ledger: Pick<Ledger, 'query'>, mayLag = false): Promise<Contract[]> {
  const found = await ledger.query<Contract | RetiredContract>('contract', { mayLag })
  return found.flatMap(({ doc }) => (doc.kind === 'retired' ? [] : [doc]))
}

const unpacked = (packed: string) => JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString()) as Contract[]
