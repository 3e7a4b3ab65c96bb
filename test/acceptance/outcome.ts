import { readRows } from '../../shared/compute/lake-query.ts'
import type { Manifest } from '../../shared/core/manifest.ts'
import { type RunDoc, versionFolder } from '../../shared/core/run.ts'
import type { Lake } from '../../shared/ports/lake.ts'
import type { Dataset } from '../../shared/task/dataset.ts'
import { rowsDifference } from '../../shared/testing/equal-rows.ts'

/** What a runtime has come to: its runs, and the lake that their versions lie in. */
export interface Outcome {
  runs: readonly RunDoc[]
  lake: Lake
}

/** A run's state for people and for comparison: how often it published, and not how many attempts that took. */
export const stateOf = ({ state, version }: RunDoc) => `${state ?? 'outside'}, ${version ? `version ${version.number}` : 'no version'}`
/** A run's name: its dataset and partition. */
export const nameOf = ({ dataset, partition }: RunDoc) => `${dataset}@${partition}`

/** The states in which two runtimes differ, a line each; none when they have come to the same. */
export function stateDifferences(received: readonly RunDoc[], expected: readonly RunDoc[]): string[] {
  const [here, there] = [received, expected].map(runs => new Map(runs.map(run => [nameOf(run), stateOf(run)]))) as [Names, Names]
  return [...new Set([...there.keys(), ...here.keys()])]
    .filter(name => here.get(name) !== there.get(name))
    .map(name => `${name} is ${here.get(name) ?? 'absent'}, not ${there.get(name) ?? 'absent'}`)
    .sort()
}
type Names = Map<string, string>

/**
 * The current versions whose rows differ between two runtimes, as multisets, doubles within 1e-9; and how many rows were compared. Files that
 * are the same byte for byte hold the same rows, and need not be read.
 */
export async function rowDifferences(
  received: Outcome,
  expected: Outcome,
  datasets: readonly Dataset[],
): Promise<{ rows: number; identical: number; different: object[] }> {
  const different: object[] = []
  let [rows, identical] = [0, 0]
  for (const dataset of datasets)
    for (const { partition } of expected.runs.filter(run => run.dataset === dataset.name && run.version)) {
      const [here, there] = [await openVersion(received, dataset, partition), (await openVersion(expected, dataset, partition))!]
      rows += there.manifest.rows
      if (here && sameBytes(here.files, there.files)) identical++
      else {
        const difference = rowsDifference(here ? await here.rows() : [], await there.rows())
        if (difference) different.push({ partition: `${dataset.name}@${partition}`, ...firstOf(difference) })
      }
    }
  return { rows, identical, different }
}

async function openVersion({ runs, lake }: Outcome, { name, columns }: Dataset, partition: string) {
  const version = runs.find(run => run.dataset === name && run.partition === partition)?.version
  if (!version) return undefined
  const { number, generation, attempt } = version
  const folder = versionFolder(name, partition, generation, attempt)
  const manifest = JSON.parse(Buffer.from((await lake.get(`${folder}/manifest.json`))!).toString()) as Manifest
  const files = await Promise.all(manifest.files.map(async ({ key }) => (await lake.get(key))!))
  const versions = [{ partition, version: number, folder }]
  return { manifest, files, rows: () => readRows(lake, { name, columns, versions }, Number.MAX_SAFE_INTEGER) }
}

const sameBytes = (here: readonly Uint8Array[], there: readonly Uint8Array[]) =>
  here.length === there.length && here.every((bytes, i) => Buffer.compare(bytes, there[i]!) === 0)

const firstOf = ({ missing, surplus }: { missing: object[]; surplus: object[] }) => ({
  missing: missing.length,
  surplus: surplus.length,
  ...(missing[0] && { expected: missing[0] }),
  ...(surplus[0] && { received: surplus[0] }),
})
