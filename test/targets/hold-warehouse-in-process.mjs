import { DuckDBInstance } from '@duckdb/node-api'

const instance = await DuckDBInstance.create(process.argv[2])
process.send('held')
process.on('message', () => {
  instance.closeSync()
  process.exit(0)
})
