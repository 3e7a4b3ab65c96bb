import type { Contract } from '../../shared/core/contract.ts'
import { buildGraph } from '../../shared/core/graph.ts'
import type { Manifest } from '../../shared/core/manifest.ts'
import { behind, missingKeys, moveSteps, rerunsOf, standing } from '../../shared/core/move.ts'
import type { RunDoc } from '../../shared/core/run.ts'

const doc = { dataset: 'flights', partition: '2001-02-14', version: { generation: 2, attempt: 1 } } as RunDoc
const folder = 'flights/2001-02-14/g2-a1'
const manifest = { files: [{ key: `${folder}/part-0000.parquet`, rows: 2, bytes: 100 }] } as Manifest

describe('a version in a lake', () => {
  const sizes = new Map([
    [`${folder}/manifest.json`, 300],
    [`${folder}/part-0000.parquet`, 100],
  ])
  test('is whole where its manifest and each of its files are there, in the manifest’s size', () => {
    expect(missingKeys(doc, manifest, sizes)).toEqual([])
  })
  test('is not whole without its manifest', () => {
    expect(missingKeys(doc, undefined, new Map())).toEqual([`${folder}/manifest.json`])
  })
  test('is not whole where a file is absent, or of another size', () => {
    expect(missingKeys(doc, manifest, new Map())).toEqual([`${folder}/part-0000.parquet`])
    expect(missingKeys(doc, manifest, new Map(sizes).set(`${folder}/part-0000.parquet`, 99))).toEqual([`${folder}/part-0000.parquet`])
  })
  test('needs its quarantine and its ancestry too', () => {
    const quarantine = { key: `${folder}/quarantine.jsonl`, rows: 1, bytes: 20 }
    const version = { ...doc.version!, ancestryFile: { key: `${folder}/ancestry.json`, hash: '' } }
    expect(missingKeys({ ...doc, version }, { ...manifest, quarantine }, sizes).sort()).toEqual([
      `${folder}/ancestry.json`,
      `${folder}/quarantine.jsonl`,
    ])
  })
})

test('what is not whole is made anew by its task, partitions that follow one another at once; the rest is for people', () => {
  const dataset = (name: string, grain: 'daily' | 'keys', outside = false) => ({
    kind: 'dataset',
    dataset: name,
    partitioning: grain === 'daily' ? { grain, timezone: 'UTC', from: '2001-01-01' } : { grain, keys: ['emea', 'apac', 'amer'] },
    outside,
    keepMs: 0,
  })
  const task = (name: string, output: string) => ({ kind: 'task', task: name, output, inputs: [], onNight: true })
  const contracts = [
    dataset('flights', 'daily'),
    dataset('sales', 'keys'),
    dataset('orders', 'daily', true),
    task('flown-flights', 'flights'),
    task('sum-sales', 'sales'),
  ] as unknown as Contract[]
  const not = (name: string, ...partitions: string[]) => partitions.map(partition => ({ dataset: name, partition, keys: [] }))
  const outside = not('orders', '2001-02-14')
  const incomplete = [
    ...not('flights', '2001-02-14', '2001-02-12', '2001-02-13', '2001-02-16'),
    ...outside,
    ...not('sales', 'emea', 'apac'),
  ]
  expect(rerunsOf(incomplete, buildGraph(contracts))).toEqual({
    reruns: [
      { task: 'flown-flights', from: '2001-02-12', to: '2001-02-14' },
      { task: 'flown-flights', from: '2001-02-16', to: '2001-02-16' },
      { task: 'sum-sales', from: 'emea', to: 'apac' },
    ],
    outside,
  })
})

test('a document is behind where it is absent or has another revision', () => {
  const at = (sk: string, rev: number) => ({ key: { pk: 'run/flights', sk }, rev })
  expect(behind([at('a', 1), at('b', 2), at('c', 3)], [at('a', 1), at('b', 1), at('d', 9)])).toEqual(['run/flights/b', 'run/flights/c'])
})

test('each step says in what state it leaves both regions', () => {
  for (const step of moveSteps) expect(standing(step, 'eu-west-1', 'eu-central-1')).toMatch(/eu-|nothing was changed/)
  expect(standing('verify', 'eu-west-1', 'eu-central-1')).toContain('eu-west-1 still writes')
  expect(standing('repeat', 'eu-west-1', 'eu-central-1')).toContain('eu-central-1 writes')
})
