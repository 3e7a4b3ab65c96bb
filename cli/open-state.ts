import { existsSync } from 'node:fs'
import { RedeyeError } from '../shared/core/errors.ts'
import { type RunDoc, type Version, versionFolder } from '../shared/core/run.ts'
import { matters } from '../shared/engine/relay.ts'
import { folderLake } from '../shared/local/lake.ts'
import { SqliteLedger } from '../shared/local/ledger.ts'
import { stateFolder } from '../shared/local/state.ts'
import type { PinnedPartition } from '../shared/ports/compute.ts'
import type { Lake } from '../shared/ports/lake.ts'
import { stateOf } from './state-of.ts'

/** A project's ledger and lake, to be read while a runtime may be at work on them. */
export interface OpenState {
  ledger: SqliteLedger
  lake: Lake
  close(): void
}

/** Opens what a runtime has left; rejects with BAD_ARGUMENT where none ever ran. */
export function openState(root: string, state: string | undefined): OpenState {
  const files = stateFolder(stateOf(root, state))
  if (!existsSync(files.ledger))
    throw new RedeyeError('BAD_ARGUMENT', `nothing has run yet: there is no ledger in ${files.folder}`, {
      remedy: 'run redeye demo, or redeye night DATE, or name another folder with --state',
    })
  const ledger = new SqliteLedger({ path: files.ledger, filter: matters })
  return { ledger, lake: folderLake(files.lake), close: () => ledger.close() }
}

/** The partitions of a dataset that have a version, in order of their keys. */
export async function versionsOf(
  ledger: SqliteLedger,
  dataset: string,
): Promise<{ doc: RunDoc; version: Version; pinned: PinnedPartition }[]> {
  const found = await ledger.query<RunDoc>(`run/${dataset}`)
  return found.flatMap(({ doc }) => {
    const { version } = doc
    return version ? [{ doc, version, pinned: pinnedOf(doc, version) }] : []
  })
}

/** The current version of a partition as what reads it takes it. */
export function pinnedOf({ dataset, partition }: RunDoc, { number, generation, attempt }: Version): PinnedPartition {
  return { partition, version: number, folder: versionFolder(dataset, partition, generation, attempt) }
}
