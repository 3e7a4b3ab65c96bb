import { warehouse } from '../../shared/targets/warehouse.ts'

// Loads a row, and then waits for ever inside the transaction.
async function* rows() {
  yield [{ id: 99, name: 'half' }]
  process.send('loading')
  await new Promise(() => setInterval(() => undefined, 1000))
}
const delivery = {
  task: 'load-things',
  dataset: 'things',
  partition: '2001-02-14',
  version: 2,
  generation: 2,
  attempt: 1,
  columns: { id: 'int', name: 'string' },
  key: ['id'],
  rows: rows(),
  position: undefined,
  save: async () => undefined,
  signal: new AbortController().signal,
  world: { secret: async () => process.argv[2], sleep: ms => new Promise(resolve => setTimeout(resolve, ms)) },
}
for await (const _ of warehouse({ connection: 'WAREHOUSE' }).deliver(delivery)) process.send('loaded')
