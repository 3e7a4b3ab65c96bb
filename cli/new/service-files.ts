import type { Mapping } from '../../shared/core/mapping.ts'
import { type Columns, sparkType } from '../../shared/core/schema.ts'
import { outputColumns, outputPartition } from './dataset-file.ts'
import { camel } from './names.ts'
import { sourceCode } from './source-code.ts'
import { targetCode } from './target-code.ts'
import { testFile } from './test-file.ts'
import { importCode } from './type-code.ts'
import type { Wish } from './wish.ts'

/** The files of the service, by their path in the project. */
export function serviceFiles(wish: Wish): { path: string; text: string }[] {
  const folder = `services/${wish.name}`
  const files = [
    { path: `${folder}/task.ts`, text: taskFile(wish) },
    { path: `${folder}/handler.ts`, text: handlerFile },
    { path: `${folder}/serverless.yml`, text: serverlessFile(wish.name) },
    { path: `${folder}/task.test.ts`, text: testFile(wish) },
  ]
  if (wish.kind === 'transform') files.push({ path: `${folder}/${wish.name}.sql`, text: sqlFile(wish) })
  return files
}

/** What #datasets exports the output as. */
export const outputExport = ({ output }: Wish) => ('dataset' in output ? output.exported : camel(output.name))

const handlerFile = `import { lambda } from 'redeye/lambda'
import task from './task.ts'

export const { decide, work } = lambda(task)
`

/** All that deploying it takes beside task.ts. */
const serverlessFile = (name: string) => `service: ${name}\nprovider: { name: aws }\nplugins: [redeye/deploy]\n`

function taskFile(wish: Wish): string {
  const { kind, inputs } = wish
  const datasets = importCode([outputExport(wish), ...inputs.map(i => i.known.exported)], '#datasets')
  const words = [kind, ...inputs.map(i => i.mapping.map)]
  const taken = inputs.map(({ known, mapping }) => `${known.dataset.name}: ${mappingCode(known.exported, mapping)}`).join(', ')
  const inputsLine = `  inputs: { ${taken} },`
  const output = `  output: ${outputExport(wish)},`
  if (kind === 'transform') {
    const lines = [inputsLine, output, `  sql: '${wish.name}.sql',`]
    return [importCode(words, 'redeye/task'), datasets, '', 'export default transform({', ...lines, '})', ''].join('\n')
  }
  const imported = kind === 'ingest' ? sourceCode(wish) : targetCode(wish)
  const from = importCode([imported.word], kind === 'ingest' ? 'redeye/sources' : 'redeye/targets')
  const lines =
    kind === 'ingest' ? [`  source: ${imported.text},`, output, ...nightLines(wish)] : [inputsLine, `  target: ${imported.text},`, output]
  return [from, importCode(words, 'redeye/task'), datasets, '', `export default ${kind}({`, ...lines, '})', ''].join('\n')
}

/** A night makes days and hours, so anything else is made by request: a task that no night makes should not say that it runs on it. */
function nightLines(wish: Wish): string[] {
  const { grain } = outputPartition(wish)
  return grain === 'daily' || grain === 'hourly' ? [] : ['  onNight: false,']
}

function mappingCode(dataset: string, mapping: Mapping): string {
  if (mapping.map === 'trailing') return `trailing(${dataset}, ${mapping.n})`
  if (mapping.map === 'offset') return `offset(${dataset}, ${mapping.k})`
  return `${mapping.map}(${dataset})`
}

/** A statement that runs as it is: each column from the first input that has it, else nothing. */
function sqlFile(wish: Wish): string {
  const [first] = wish.inputs
  const from = first!.known.dataset
  const columns: Columns = outputColumns(wish)
  const selected = Object.entries(columns).map(([name, type]) => {
    const has = name in from.columns && sparkType(from.columns[name]!) === sparkType(type)
    return has ? `  ${from.name}.${name}` : `  CAST(NULL AS ${sparkType(type)}) AS ${name}`
  })
  const others = wish.inputs.slice(1).map(i => i.known.dataset.name)
  const more = others.length > 0 ? `\n-- To be joined: ${others.join(', ')}.` : ''
  return `-- One statement in Spark SQL; :partition, :start and :end are the output's.${more}\nSELECT\n${selected.join(',\n')}\nFROM ${from.name}\n`
}
