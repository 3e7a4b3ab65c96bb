import { runTask } from 'redeye/testing'
import task from './task.ts'

const settings = { STRIKES_API: 'https://strikes.example.com' }
const read = (body: string) =>
  runTask(task, { partition: '2001-02-14', responses: [{ url: 'https://strikes.example.com/strikes?date=2001-02-14', body }], settings })

const strike = `<strike id="7"><date>2001-02-14</date><airport>DFW</airport><operator>A &amp; B</operator><aircraft>MD-80</aircraft><species>Coyote</species>
  <size>Large</size><phase>Landing Roll</phase><damage>None</damage><cost>195</cost><speed/></strike>`

test('a report becomes a row; what is not known is null', async () => {
  const { rows } = await read(`<strikes>${strike}</strikes>`)
  expect(rows).toEqual([
    {
      strike_id: 7,
      strike_date: '2001-02-14',
      airport: 'DFW',
      operator: 'A & B',
      aircraft: 'MD-80',
      species: 'Coyote',
      size: 'Large',
      phase: 'Landing Roll',
      damage: 'None',
      cost_usd: 195,
      speed_kn: null,
    },
  ])
})

test('a day without strikes is an empty partition', async () => {
  expect((await read('<strikes/>')).rows).toEqual([])
})

test('a size that nobody knows fails the run', async () => {
  await expect(read(`<strikes>${strike.replace('Large', 'Huge')}</strikes>`)).rejects.toMatchObject({ code: 'CHECK_FAILED' })
})
