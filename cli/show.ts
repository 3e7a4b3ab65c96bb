import { readRows } from '../shared/compute/lake-query.ts'
import { readManifest } from '../shared/compute/manifest-file.ts'
import { nearest, RedeyeError } from '../shared/core/errors.ts'
import type { Manifest } from '../shared/core/manifest.ts'
import { parsePartition } from '../shared/core/partition.ts'
import { type RunDoc, runName, type Version } from '../shared/core/run.ts'
import { type Columns, type ColumnType, sparkType } from '../shared/core/schema.ts'
import { runKey } from '../shared/engine/keys.ts'
import type { Dataset } from '../shared/task/dataset.ts'
import { loadProject, type Project } from '../shared/task/project.ts'
import { exits } from './exits.ts'
import { madeText } from './find-names.ts'
import { type OpenState, openState, pinnedOf, versionsOf } from './open-state.ts'
import { bytes, cell, count, isNumeric, paint, say, table, toJson } from './output.ts'

export interface ShowOptions {
  rows: number
  state?: string
  json?: boolean
}

/** Shows the current version of a partition: where it is from, its columns with their statistics, and its first rows. Without a partition, which there are. */
export async function show(root: string, name: string, options: ShowOptions): Promise<number> {
  const [datasetName = '', partition] = name.split('@')
  const project = await loadProject(root)
  const dataset = datasetOf(project, datasetName)
  if (partition !== undefined) parsePartition(dataset.partition, partition, dataset.name)
  const state = openState(root, options.state)
  try {
    return partition === undefined ? await showPartitions(state, dataset, options) : await showVersion(state, dataset, partition, options)
  } finally {
    state.close()
  }
}

function datasetOf(project: Project, name: string): Dataset {
  const found = project.datasets.find(d => d.name === name)
  if (found) return found
  const unread = project.unread[0]
  if (unread) throw new RedeyeError(unread.code, unread.message, unread)
  const names = project.datasets.map(d => d.name)
  const near = nearest(name, names)
  throw new RedeyeError('UNKNOWN_NAME', `there is no dataset ${name}`, {
    remedy: madeText(project.graph, name) ?? (near ? `did you mean ${near}?` : `there are ${names.join(', ')}`),
  })
}

async function showPartitions({ ledger }: OpenState, dataset: Dataset, { json }: ShowOptions): Promise<number> {
  const found = await versionsOf(ledger, dataset.name)
  if (json)
    say(
      toJson(
        found.map(({ doc, version }) => ({ partition: doc.partition, version: version.number, rows: version.rows, bytes: version.bytes })),
      ),
    )
  else if (found.length === 0) say(`${dataset.name} has no partition yet`)
  else {
    const columns = ['partition', 'version', 'rows', 'size', 'made'].map((title, i) => ({
      title,
      ...(i > 0 && i < 4 && { align: 'right' as const }),
    }))
    const rows = found.map(({ doc, version: v }) => [
      doc.partition,
      `${v.number}`,
      v.rows.toLocaleString('en-US'),
      bytes(v.bytes),
      when(v.at),
    ])
    for (const line of table(columns, rows)) say(line)
  }
  return found.length === 0 ? exits.no : exits.ok
}

async function showVersion({ ledger, lake }: OpenState, dataset: Dataset, partition: string, options: ShowOptions): Promise<number> {
  const doc = (await ledger.get<RunDoc>(runKey(dataset.name, partition)))?.doc
  if (!doc?.version) {
    if (options.json) say('null')
    else say(`${dataset.name}@${partition} has no version yet${doc?.state ? `: ${runName(doc.task!, partition)} is ${doc.state}` : ''}`)
    return exits.no
  }
  const pinned = pinnedOf(doc, doc.version)
  const manifest = await readManifest(lake, pinned.folder)
  const rows = await readRows(lake, { name: dataset.name, columns: dataset.columns, versions: [pinned] }, options.rows)
  if (options.json) say(toJson({ ...manifest, version: doc.version.number, task: doc.task, first: rows }, 2))
  else print(dataset, doc, doc.version, manifest, rows)
  return exits.ok
}

function print(dataset: Dataset, doc: RunDoc, version: Version, manifest: Manifest, rows: Record<string, unknown>[]) {
  const size = [`version ${version.number}`, count(version.rows, 'row'), bytes(version.bytes), count(manifest.files.length, 'file')]
  say(`${paint('bold', `${dataset.name}@${doc.partition}`)} ${size.join(' · ')}`)
  const maker = doc.task ? `${doc.task}, generation ${version.generation}, attempt ${version.attempt}` : 'delivered from outside'
  say(paint('dim', `${dataset.description} · ${dataset.owner}`))
  say(paint('dim', `${maker} · ${when(version.at)} · ${version.generation > 0 ? pinnedOf(doc, version).folder : ''}`))
  if (manifest.quarantine) say(paint('yellow', `${count(manifest.quarantine.rows, 'row')} did not fit, in ${manifest.quarantine.key}`))
  say()
  for (const line of statistics(dataset.columns, manifest)) say(line)
  say()
  for (const line of rowTable(dataset.columns, rows)) say(line)
  if (version.rows > rows.length) say(paint('dim', `… and ${count(version.rows - rows.length, 'more row')}`))
}

function statistics(columns: Columns, manifest: Manifest): string[] {
  const rows = Object.entries(columns).map(([name, type]) => {
    const known = manifest.columns[name]
    return [name, typeName(type), known ? known.nulls.toLocaleString('en-US') : '', cell(known?.min ?? ''), cell(known?.max ?? '')]
  })
  return table(
    [{ title: 'column' }, { title: 'type' }, { title: 'nulls', align: 'right' }, { title: 'least' }, { title: 'greatest' }],
    rows,
  )
}

function rowTable(columns: Columns, rows: Record<string, unknown>[]): string[] {
  const names = Object.keys(columns)
  const titles = Object.entries(columns).map(([title, type]) => ({ title, ...(isNumeric(typeName(type)) && { align: 'right' as const }) }))
  return table(
    titles,
    rows.map(row => names.map(name => cell(row[name]))),
  )
}

const typeName = (type: ColumnType) => (type === 'json' ? 'json' : sparkType(type))
const when = (at: number) => new Date(at).toISOString().slice(0, 19).replace('T', ' ')
