import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { row, runTask } from '../../shared/testing/index.ts'
import { shortLived, sparkPython } from '../local/spark-machine.ts'
import { airports, flights } from './datasets.ts'
import sounding from './sounding/task.ts'

const before = process.env.REDEYE_SPARK_PYTHON
beforeAll(() => void Object.assign(process.env, shortLived, { REDEYE_SPARK_PYTHON: sparkPython() }))
afterAll(() => {
  if (before === undefined) delete process.env.REDEYE_SPARK_PYTHON
  else process.env.REDEYE_SPARK_PYTHON = before
})

test('what only Spark can run is run by it, where a Python that has it is named', async () => {
  const folders = () => readdirSync(tmpdir()).filter(name => name.startsWith('redeye-spark-'))
  const earlier = folders()
  const inputs = {
    flights: { '2001-02-13': [row(flights, { origin: 'SFO' })], '2001-02-14': [row(flights, { origin: 'SFO' })] },
    airports: [row(airports, { iata: 'SFO' })],
  }
  const { rows, checks } = await runTask(sounding, { partition: '2001-02-14', inputs })
  expect(rows).toEqual([{ origin: 'S100', flights: 2, day: '2001-02-14' }])
  expect(checks.map(c => c.ok)).toEqual([true, true])
  expect(folders()).toEqual(earlier)
}, 120_000)

test('without rows there are none', async () => {
  expect((await runTask(sounding, { partition: '2001-02-14' })).rows).toEqual([])
}, 120_000)
