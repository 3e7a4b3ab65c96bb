import type { Columns } from '../../shared/core/schema.ts'
import { receipts } from '../../shared/task/receipts.ts'
import { camel, kebab } from './names.ts'
import { columnsCode, importCode, partitionCode, quote } from './type-code.ts'
import type { Wish } from './wish.ts'

/** Columns to begin with, where nothing says which: an identifier and a text. */
export const sampleColumns: Columns = { id: 'int', name: 'string' }

export const outputName = ({ output }: Wish) => ('dataset' in output ? output.dataset.name : output.name)
export const outputPartition = ({ output }: Wish) => ('dataset' in output ? output.dataset.partition : output.partition)

/** The columns of what the wish makes: those of the dataset that is there, or what its first input or its kind suggests. */
export function outputColumns(wish: Wish): Columns {
  if ('dataset' in wish.output) return wish.output.dataset.columns
  if (wish.kind === 'load') return receipts
  return wish.inputs[0]?.known.dataset.columns ?? sampleColumns
}

/** The columns that identify a row, where that follows: a copy of a partition has the key of its original. */
function keyOf(wish: Wish): readonly string[] {
  if (wish.kind === 'ingest') return ['id']
  const [first] = wish.inputs
  return wish.kind === 'transform' && first?.mapping.map === 'same' ? first.known.dataset.key : []
}

/** `datasets/clean-orders.ts`; undefined when the dataset is there already. */
export function datasetFile(wish: Wish): { path: string; text: string } | undefined {
  const { output } = wish
  if ('dataset' in output) return undefined
  const partition = partitionCode(output.partition)
  const columns = wish.kind === 'load' ? { text: 'receipts', words: ['receipts'] } : columnsCode(outputColumns(wish))
  const key = keyOf(wish)
  const lines = [
    importCode(['dataset', ...partition.words, ...columns.words], 'redeye/task'),
    '',
    `export const ${camel(output.name)} = dataset(${quote(output.name)}, {`,
    `  partition: ${partition.text},`,
    `  columns: ${columns.text},`,
    ...(key.length > 0 ? [`  key: [${key.map(quote).join(', ')}],`] : []),
    `  description: ${quote(output.description)},`,
    `  owner: ${quote(output.owner)},`,
    '})',
    '',
  ]
  return { path: `datasets/${kebab(output.name)}.ts`, text: lines.join('\n') }
}

/** The barrel with one more export, in order of the files; everything else in it stays as it is. */
export function withExport(barrel: string, dataset: string): string {
  const line = `export { ${camel(dataset)} } from './${kebab(dataset)}.ts'`
  const lines = barrel
    .trimEnd()
    .split('\n')
    .filter((l, i, all) => l !== '' || all.length > 1 || i > 0)
  const fileOf = (l: string) => /from '(\.\/[^']+)'/.exec(l)?.[1]?.replace(/\.ts$/, '')
  const after = lines.findLastIndex(l => (fileOf(l) ?? '\uffff') < `./${kebab(dataset)}`)
  return `${[...lines.slice(0, after + 1), line, ...lines.slice(after + 1)].join('\n')}\n`
}
