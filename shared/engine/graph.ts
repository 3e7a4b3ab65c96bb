import { gunzipSync, gzipSync } from 'node:zlib'
import type { Contract } from '../core/contract.ts'
import { buildGraph, type Graph } from '../core/graph.ts'
import { sameJson } from '../core/same-json.ts'
import type { Ledger } from '../ports/ledger.ts'
import { graphKey } from './keys.ts'

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
  return buildGraph(stored?.doc.packed === undefined ? await standing(ledger, mayLag) : unpacked(stored.doc.packed))
}

/** Packs the contracts that stand. Of two that pack at once, the later has seen what both have registered. */
export async function packGraph(ledger: Pick<Ledger, 'get' | 'query' | 'put'>): Promise<void> {
  for (;;) {
    // Its revision is read before the contracts: whoever has packed since has this one's put refused.
    const before = await ledger.get<GraphDoc>(graphKey)
    const contracts = await standing(ledger)
    const known = before?.doc.packed
    if (known !== undefined && sameJson(unpacked(known), contracts)) return
    const packed = gzipSync(JSON.stringify(contracts)).toString('base64')
    const doc: GraphDoc = { v: 1, ...(packed.length <= MOST_PACKED && { packed }) }
    if (await ledger.put(graphKey, doc, before?.rev ?? 0)) return
  }
}

async function standing(ledger: Pick<Ledger, 'query'>, mayLag = false): Promise<Contract[]> {
  const found = await ledger.query<Contract | RetiredContract>('contract', { mayLag })
  return found.flatMap(({ doc }) => (doc.kind === 'retired' ? [] : [doc]))
}

const unpacked = (packed: string) => JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString()) as Contract[]
