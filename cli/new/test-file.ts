import { affectedBy } from '../../shared/core/mapping.ts'
import { firstOrdinal, isTimed, keyOf, ordinalOf, type Partitioning } from '../../shared/core/partition.ts'
import type { ColumnType } from '../../shared/core/schema.ts'
import { outputColumns, outputName, outputPartition } from './dataset-file.ts'
import { settingName } from './source-code.ts'
import { importCode, keyCode, quote } from './type-code.ts'
import type { Wish } from './wish.ts'

/** A test that runs as it is, and that whoever fills in the task goes on from. */
export function testFile(wish: Wish): string {
  return wish.kind === 'ingest' ? ingestTest(wish) : inputTest(wish)
}

function inputTest(wish: Wish): string {
  const { dataset, exported } = wish.inputs[0]!.known
  const result = wish.kind === 'load' ? 'delivered' : 'rows'
  return lines(
    importCode(['row', 'runTask'], 'redeye/testing'),
    importCode([exported], '#datasets'),
    "import task from './task.ts'",
    '',
    `test('each row of ${dataset.name} ${wish.kind === 'load' ? 'is delivered' : 'comes through'}', async () => {`,
    `  const inputs = { ${dataset.name}: [row(${exported}, {})] }`,
    `  const { ${result} } = await runTask(task, { partition: ${partitionOf(wish)}, inputs })`,
    `  expect(${result}).toHaveLength(1)`,
    '})',
  )
}

function ingestTest(wish: Wish): string {
  const record = Object.entries(outputColumns(wish)).flatMap(([name, type]) => {
    const value = sample(type)
    return value === undefined ? [] : [{ name, value }]
  })
  return lines(
    importCode(['runTask'], 'redeye/testing'),
    "import task from './task.ts'",
    '',
    `test('a record becomes a row of ${outputName(wish)}', async () => {`,
    ...givenLines(wish, record),
    `  const { rows, quarantined } = await runTask(task, { partition: ${partitionOf(wish)}, ${given(wish)} })`,
    '  expect(quarantined).toEqual([])',
    '  expect(rows).toHaveLength(1)',
    '})',
  )
}

interface SampleField {
  name: string
  value: string | number | boolean
}

const usesHttp = ({ source }: Wish) => source === 'json' || source === 'xml'
const given = (wish: Wish) => (usesHttp(wish) ? 'settings, responses' : 'records')

/** What the world gives the source: recorded responses where it asks over HTTP, else the records that it would read. */
function givenLines(wish: Wish, record: SampleField[]): string[] {
  const fields = record.map(f => `${keyCode(f.name)}: ${typeof f.value === 'string' ? quote(f.value) : f.value}`).join(', ')
  if (!usesHttp(wish)) return [`  const records = [{ ${fields} }]`]
  const elements = record.map(f => `<${f.name}>${f.value}</${f.name}>`).join('')
  const body = wish.source === 'json' ? `{ data: [{ ${fields} }] }` : quote(`<items><item>${elements}</item></items>`)
  return [
    `  const settings = { ${settingName(wish, 'API')}: 'https://api.example.com' }`,
    `  const body = ${body}`,
    `  const responses = [{ url: 'https://api.example.com/${outputName(wish)}', body }]`,
  ]
}

/** A value that fits a column; none for nested ones, which are null then. */
function sample(type: ColumnType): string | number | boolean | undefined {
  if (typeof type === 'object') return 'decimal' in type ? `1${type.decimal[1] > 0 ? `.${'0'.repeat(type.decimal[1])}` : ''}` : undefined
  const samples = {
    string: 'one',
    int: 1,
    bigint: 1,
    double: 1.5,
    boolean: true,
    date: '2001-02-14',
    timestamp: '2001-02-14T05:00:00Z',
    json: undefined,
  }
  return samples[type]
}

const partitionOf = (wish: Wish) => quote(readingPartition(wish) ?? examplePartition(outputPartition(wish)))

/** The first partition that reads the first input's first one: offset(-1) into the first of all would read what is not there. */
function readingPartition(wish: Wish): string | undefined {
  const [input] = wish.inputs
  const output = outputPartition(wish)
  if (!input || !isTimed(input.known.dataset.partition) || !isTimed(output)) return undefined
  const from = input.known.dataset.partition
  const first = firstOrdinal(from)
  if (first === Number.NEGATIVE_INFINITY) return undefined
  const { from: earliest, to } = affectedBy(input.mapping, from, output, first)
  return earliest <= to ? keyOf(output, Math.max(earliest, firstOrdinal(output))) : undefined
}

/** The first partition there is, or one in the days of the examples. */
export function examplePartition(partition: Partitioning): string {
  const first = firstOrdinal(partition)
  if (first !== Number.NEGATIVE_INFINITY) return keyOf(partition, first)
  return ['2001-02-14', '2001-W07', '2001-02', '2001-02-14T05Z'].find(key => ordinalOf(partition, key) !== undefined)!
}

const lines = (...all: string[]) => `${all.join('\n')}\n`
