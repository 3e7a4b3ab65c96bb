import { firstOrdinal, keyOf, ordinalOf, type Partitioning } from '../../shared/core/partition.ts'
import { importCode } from './type-code.ts'
import type { Wish } from './wish.ts'

/** A test that runs as it is, and that whoever fills in the task goes on from. */
export function testFile(wish: Wish): string {
  const partition = `'${examplePartition('dataset' in wish.output ? wish.output.dataset.partition : wish.output.partition)}'`
  const [first] = wish.inputs
  const name = first!.known.dataset.name
  return [
    importCode(['row', 'runTask'], 'redeye/testing'),
    importCode([first!.known.exported], '#datasets'),
    "import task from './task.ts'",
    '',
    `test('each of ${name} comes through', async () => {`,
    `  const { rows } = await runTask(task, { partition: ${partition}, inputs: { ${name}: [row(${first!.known.exported}, {})] } })`,
    '  expect(rows).toHaveLength(1)',
    '})',
    '',
  ].join('\n')
}

/** The first partition there is, or one in the days of the examples. */
export function examplePartition(partition: Partitioning): string {
  const first = firstOrdinal(partition)
  if (first !== Number.NEGATIVE_INFINITY) return keyOf(partition, first)
  return ['2001-02-14', '2001-W07', '2001-02', '2001-02-14T05Z'].find(key => ordinalOf(partition, key) !== undefined)!
}
