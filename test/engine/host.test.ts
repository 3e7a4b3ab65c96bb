import { findHost, type Host, prepareHost, provideHost, theHost } from '../../shared/engine/host.ts'

const before = { ...process.env }
afterEach(() => {
  process.env = { ...before }
  provideHost(undefined)
})
const onLambda = (function_: string | undefined) => {
  if (function_ === undefined) delete process.env.AWS_LAMBDA_FUNCTION_NAME
  else process.env.AWS_LAMBDA_FUNCTION_NAME = function_
}
/** A host that counts how often it is prepared. */
const counting = () => {
  const host = { prepared: 0, prepare: async () => void host.prepared++ }
  return host as unknown as Host & { prepared: number }
}
const settled = () => new Promise(resolve => setImmediate(resolve))

describe('a function finds the host', () => {
  test.each([undefined, 'redeye-dev-cleaning-decide'])('that it was given, on Lambda and elsewhere: %s', async name => {
    onLambda(name)
    const host = counting()
    provideHost(host)
    expect(await findHost()).toBe(host)
    expect(theHost()).toBe(host)
  })

  test('of AWS where it was given none and runs on Lambda, which says what the environment lacks', async () => {
    onLambda('redeye-dev-cleaning-decide')
    delete process.env.REDEYE_TABLE
    await expect((async () => findHost())()).rejects.toMatchObject({ code: 'NOT_DEPLOYED' })
  })

  test('nowhere else', () => {
    onLambda(undefined)
    expect(() => findHost()).toThrow(expect.objectContaining({ code: 'LEDGER_FAILED', failure: 'user' }))
  })
})

describe('what every invocation needs is loaded', () => {
  test('while a function of Lambda starts', async () => {
    onLambda('redeye-dev-cleaning-decide')
    const host = counting()
    provideHost(host)
    prepareHost()
    await settled()
    expect(host.prepared).toBe(1)
  })

  test('nowhere else', async () => {
    onLambda(undefined)
    const host = counting()
    provideHost(host)
    prepareHost()
    await settled()
    expect(host.prepared).toBe(0)
  })

  test('and where a host has nothing to load, or cannot, the first event hears of it', async () => {
    onLambda('redeye-dev-cleaning-decide')
    provideHost({ prepare: () => Promise.reject(new Error('no such table')) } as unknown as Host)
    prepareHost()
    provideHost({} as Host)
    prepareHost()
    await settled()
  })
})
