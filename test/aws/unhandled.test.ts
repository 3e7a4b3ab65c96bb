import { unhandled } from '../../shared/aws/unhandled.ts'
import { RedeyeError } from '../../shared/core/errors.ts'

const now = Date.parse('2001-02-14T03:00:00Z')
const event = { id: '1', 'detail-type': 'RunDue', time: '2001-02-14T02:59:00Z', detail: {} }
const letters: unknown[] = []
const told: string[] = []
const logged: unknown[] = []
let forgotten = 0
const newHandle = (
  platform: (message: string) => Promise<void> = async message => void told.push(message),
  elsewhere?: () => Promise<string | undefined>,
) =>
  unhandled({
    ...(elsewhere && { elsewhere }),
    world: {
      clock: { now: () => now, stamp: () => now },
      deadLetters: { put: async letter => void letters.push(letter) },
      notifier: { alert: async () => {}, notice: async () => {}, platform },
    },
    log: { warn: (...args: unknown[]) => logged.push(args), error: (...args: unknown[]) => logged.push(args) } as never,
    forgetGraph: () => {
      forgotten++
    },
  })
const handle = newHandle()
const failing = (error: unknown) => async () => {
  throw error
}
beforeEach(() => {
  letters.length = told.length = logged.length = forgotten = 0
})

test('what is handled leaves nothing', async () => {
  let handled = 0
  await handle('a', event, async () => void handled++)
  expect([handled, letters, told, logged]).toEqual([1, [], [], []])
})

test('what the sender did wrong goes to the dead letters with its reason, people are told, and the handler is done', async () => {
  await handle('clean-orders', event, failing(new RedeyeError('BAD_PARTITION', '"poison" is no partition')))
  expect(letters).toEqual([{ function: 'clean-orders', reason: 'BAD_PARTITION: "poison" is no partition', event }])
  expect(told).toEqual(['clean-orders could not handle RunDue: BAD_PARTITION: "poison" is no partition'])
})

test.each([
  ['what may pass', new RedeyeError('LEDGER_FAILED', 'throttled')],
  ['a missing permission', new RedeyeError('NOT_DEPLOYED', 'no table', { failure: 'user' })],
  ['what nobody foresaw', new TypeError('x is not a function')],
])('%s is thrown, for Lambda to try again', async (_, error) => {
  await expect(handle('a', event, failing(error))).rejects.toBe(error)
  expect(letters).toEqual([])
  expect(logged).toHaveLength(1)
})

test('a name that is not known may have been deployed since the graph was read', async () => {
  let tries = 0
  await handle('a', event, async () => {
    if (tries++ === 0) throw new RedeyeError('UNKNOWN_NAME', 'no dataset "new"')
  })
  expect([tries, forgotten, letters]).toEqual([2, 1, []])
  await handle('a', event, failing(new RedeyeError('UNKNOWN_NAME', 'no dataset "never"')))
  expect(letters).toHaveLength(1)
})

test('an event that is older than the sweep looks back is refused unhandled', async () => {
  let handled = 0
  await handle('a', { ...event, time: '2001-01-30T00:00:00Z' }, async () => void handled++)
  expect(handled).toBe(0)
  expect(letters).toMatchObject([{ reason: expect.stringContaining('more than two weeks ago') }])
})

test('an event that is too large is refused unhandled', async () => {
  await handle('a', { ...event, detail: { files: 'x'.repeat(300_000) } }, failing(new Error('not reached')))
  expect(letters).toMatchObject([{ reason: expect.stringMatching(/has 300\d\d\d bytes/) }])
})

test('that nobody could be told is no reason to handle the event again', async () => {
  await newHandle(failing(new Error('no topic')))('a', event, failing(new RedeyeError('BAD_EVENT', 'x')))
  expect(letters).toHaveLength(1)
})

test('a letter that could not be put is: Lambda tries again', async () => {
  const broken = unhandled({
    world: {
      clock: { now: () => now, stamp: () => now },
      deadLetters: { put: failing(new RedeyeError('AWS_FAILED', 'busy')) },
      notifier: {} as never,
    },
    log: { warn: () => {}, error: () => {} },
    forgetGraph: () => {},
  })
  await expect(broken('a', event, failing(new RedeyeError('BAD_EVENT', 'x')))).rejects.toThrow('busy')
})

describe('in a region that stands by', () => {
  let handled: number
  const standing = newHandle(undefined, async () => 'eu-central-1')
  beforeEach(() => {
    handled = 0
  })

  test('a service hears nothing', async () => {
    await standing('clean-orders', event, async () => void handled++)
    expect([handled, letters]).toEqual([0, []])
    expect(logged).toHaveLength(1)
  })

  test('what a person says is put aside, and they are told where to say it', async () => {
    await standing('platform/requests', event, async () => void handled++)
    expect(handled).toBe(0)
    expect(letters).toMatchObject([{ reason: expect.stringContaining('STANDS_BY: the stage was moved to eu-central-1'), event }])
    expect(told).toHaveLength(1)
  })

  test('in the one that writes all is as ever', async () => {
    await newHandle(undefined, async () => undefined)('a', event, async () => void handled++)
    expect(handled).toBe(1)
  })
})
