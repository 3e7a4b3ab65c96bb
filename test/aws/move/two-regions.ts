import type { Region } from '../../../shared/aws/move/region.ts'
import type { NewEvent } from '../../../shared/core/events.ts'
import type { Manifest } from '../../../shared/core/manifest.ts'
import type { RunDoc } from '../../../shared/core/run.ts'
import { pauseKey, requestKey } from '../../../shared/engine/keys.ts'
import type { Key, Stored } from '../../../shared/ports/ledger.ts'

/** A region of maps: what a move asks of one, and what was done to it. */
export interface FakeRegion extends Region {
  docs: Map<string, Stored>
  files: Map<string, string>
  /** What it was told, in order. */
  done: string[]
  on: boolean
  published: NewEvent[]
  lacks: string[]
}

const nameOf = ({ pk, sk }: Key) => `${pk}/${sk}`

export function fakeRegion(name: string, on: boolean): FakeRegion {
  const docs = new Map<string, Stored>()
  const files = new Map<string, string>()
  const region: FakeRegion = {
    name,
    docs,
    files,
    done: [],
    on,
    published: [],
    lacks: [],
    ledger: {
      get: async <T>(key: Key) => docs.get(nameOf(key)) as Stored<T> | undefined,
      getMany: async <T>(keys: readonly Key[]) => keys.map(key => docs.get(nameOf(key)) as Stored<T> | undefined),
      async put(key, doc, rev) {
        if ((docs.get(nameOf(key))?.rev ?? 0) !== rev) return false
        docs.set(nameOf(key), { key, rev: rev + 1, doc })
        return true
      },
      query: async <T>(pk: string) =>
        [...docs.values()].filter(s => s.key.pk === pk).sort((a, b) => (a.key.sk < b.key.sk ? -1 : 1)) as Stored<T>[],
      runsInState: async (task, states) =>
        [...docs.values()]
          .filter(({ doc }) => (doc as RunDoc).task === task && states.includes((doc as RunDoc).state!))
          .map(({ key }) => key),
      publishedSince: async () => [],
      withEffects: async () => [],
    },
    lake: {
      get: async key => (files.has(key) ? new TextEncoder().encode(files.get(key)) : undefined),
      size: async key => files.get(key)?.length,
      async *list(prefix) {
        for (const [key, text] of files) if (key.startsWith(prefix)) yield { key, bytes: text.length, modifiedMs: 0 }
      },
    },
    bus: {
      async publish(events) {
        region.published.push(...events)
        // The platform's function takes a request up at once.
        for (const { detail } of events)
          docs.set(nameOf(requestKey((detail as { id: string }).id)), {
            key: requestKey((detail as { id: string }).id),
            rev: 1,
            doc: { id: (detail as { id: string }).id, phase: 'open' },
          })
      },
    },
    switches: {
      missing: async () => region.lacks,
      async set(to) {
        region.on = to
        region.done.push(to ? 'on' : 'off')
      },
    },
  }
  return region
}

/** Puts a document where replication would, with its revision. */
export const place = (region: FakeRegion, pk: string, sk: string, doc: object, rev = 1): void =>
  void region.docs.set(`${pk}/${sk}`, { key: { pk, sk }, rev, doc })

/** What DynamoDB and S3 do by themselves: everything of one region arrives in the other, but for some files. */
export function replicate(from: FakeRegion, to: FakeRegion, lost: readonly string[] = []): void {
  for (const [name, stored] of from.docs) if ((to.docs.get(name)?.rev ?? 0) < stored.rev) to.docs.set(name, stored)
  for (const [key, text] of from.files) if (!lost.includes(key)) to.files.set(key, text)
}

export const everything = (region: FakeRegion) => region.docs.get(nameOf(pauseKey('all')))?.doc

/** A version that a task has published: its run's document, its manifest and its one file. */
export function publish(region: FakeRegion, task: string, dataset: string, partition: string, more: Partial<RunDoc> = {}): void {
  const folder = `${dataset}/${partition}/g1-a1`
  const file = 'PAR1'
  const files = [{ key: `${folder}/part-0000.parquet`, rows: 1, bytes: file.length }]
  place(region, `run/${dataset}`, partition, {
    v: 1,
    dataset,
    partition,
    task,
    state: 'succeeded',
    generation: 1,
    attempt: 1,
    version: { number: 1, generation: 1, attempt: 1 },
    ...more,
  })
  region.files.set(`${folder}/manifest.json`, JSON.stringify({ files } as Manifest))
  region.files.set(files[0]!.key, file)
}
