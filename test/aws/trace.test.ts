import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { traced, traceHeader } from '../../shared/aws/trace.ts'

let daemon: Socket
let address: string
beforeEach(async () => {
  daemon = createSocket('udp4')
  daemon.bind(0, '127.0.0.1')
  await once(daemon, 'listening')
  address = `127.0.0.1:${daemon.address().port}`
})
afterEach(() => new Promise<void>(resolve => daemon.close(() => resolve())))
const header = 'Root=1-58406520-a006649127e371903a2de979;Parent=4c721bf33e3caf8f;Sampled=1;Lineage=a87bd80c:1'
const annotations = { task: 'clean', partition: '2001-02-14', generation: 1, attempt: 2, lane: 'nightly', night: '2001-02-14' }
const heard = async () => {
  const [message] = (await once(daemon, 'message')) as [Buffer]
  const [head, part] = String(message).split('\n')
  return [JSON.parse(head!), JSON.parse(part!)]
}

test('work of a traced invocation is a part of its trace, found by whose it is', async () => {
  const next = heard()
  expect(await traced('clean', annotations, async () => 5, { _X_AMZN_TRACE_ID: header, AWS_XRAY_DAEMON_ADDRESS: address })).toBe(5)
  const [head, part] = await next
  expect(head).toEqual({ format: 'json', version: 1 })
  expect(part).toEqual({
    name: 'clean',
    id: expect.stringMatching(/^[0-9a-f]{16}$/),
    trace_id: '1-58406520-a006649127e371903a2de979',
    parent_id: '4c721bf33e3caf8f',
    type: 'subsegment',
    start_time: expect.any(Number),
    end_time: expect.any(Number),
    annotations,
  })
})

test('work that fails is a fault of its trace, and fails', async () => {
  const next = heard()
  const failing = traced('clean', annotations, () => Promise.reject(new Error('no')), {
    _X_AMZN_TRACE_ID: header,
    AWS_XRAY_DAEMON_ADDRESS: address,
  })
  await expect(failing).rejects.toThrow('no')
  expect((await next)[1]).toMatchObject({ fault: true })
})

test.each([undefined, header.replace('Sampled=1', 'Sampled=0'), 'nonsense'])(
  'what is not traced (%s) says nothing',
  async _X_AMZN_TRACE_ID => {
    let told = false
    daemon.once('message', () => {
      told = true
    })
    await traced('clean', annotations, async () => {}, { _X_AMZN_TRACE_ID, AWS_XRAY_DAEMON_ADDRESS: address })
    expect(told).toBe(false)
  },
)

test('a daemon that cannot be told is no failure', async () => {
  const env = { _X_AMZN_TRACE_ID: header, AWS_XRAY_DAEMON_ADDRESS: 'nowhere.invalid:2000' }
  expect(await traced('clean', annotations, async () => 5, env)).toBe(5)
})

describe('the header of an attempt’s invocation', () => {
  const attempt = { task: 'clean', dataset: 'clean', partition: '2001-02-14', generation: 1, attempt: 1 }
  const sampledOf = (count: number, share: number) =>
    Array.from({ length: count }, (_, i) => traceHeader({ ...attempt, partition: `${i}` }, share, {})).filter(h => h.includes('Sampled=1'))
      .length

  test('has so many of a hundred traced, whoever asks and however often', () => {
    expect(sampledOf(20_000, 0.01) / 20_000).toBeCloseTo(0.01, 2)
    expect([sampledOf(100, 0), sampledOf(100, 1)]).toEqual([0, 100])
    const once = traceHeader(attempt, 0.5, {}).split(';')[1]
    for (let i = 0; i < 20; i++) expect(traceHeader(attempt, 0.5, {}).split(';')[1]).toBe(once)
  })

  test('begins a trace, or goes on with that of who starts it, and with Lambda’s count of loops', () => {
    expect(traceHeader(attempt, 1, {})).toMatch(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=1$/)
    expect(traceHeader(attempt, 0, { _X_AMZN_TRACE_ID: header })).toBe(
      'Root=1-58406520-a006649127e371903a2de979;Sampled=0;Lineage=a87bd80c:1',
    )
  })
})
