import { inSteps } from '../../cli/deploy-steps.ts'

/** What is deployed at a time; each ends when it is told to. */
function stage(before: Record<string, string[]>, atOnce = 4) {
  const begun = new Map<string, (ok: boolean) => void>()
  const order = new Map(Object.entries(before).map(([name, after]) => [name, new Set(after)]))
  const ended = inSteps(order, atOnce, name => new Promise(resolve => begun.set(name, resolve)))
  const end = async (name: string, ok = true) => {
    begun.get(name)!(ok)
    begun.delete(name)
    await new Promise(setImmediate)
  }
  return { ended, end, underWay: () => [...begun.keys()] }
}

test('each is begun when all that it waits for stand, and several are at once', async () => {
  const { ended, end, underWay } = stage({ a: [], b: [], c: ['a', 'b'], d: ['a'] })
  expect(underWay()).toEqual(['a', 'b'])
  await end('a')
  expect(underWay()).toEqual(['b', 'd'])
  await end('b')
  expect(underWay()).toEqual(['d', 'c'])
  await end('c')
  await end('d')
  expect(await ended).toEqual({ deployed: ['a', 'b', 'c', 'd'], failed: [], left: [] })
})

test('no more than so many at once', async () => {
  const { ended, end, underWay } = stage({ a: [], b: [], c: [] }, 2)
  expect(underWay()).toEqual(['a', 'b'])
  await end('b')
  expect(underWay()).toEqual(['a', 'c'])
  await end('a')
  await end('c')
  expect((await ended).deployed).toEqual(['b', 'a', 'c'])
})

test('what comes after one that failed is left as it is, however far behind; the rest goes on', async () => {
  const { ended, end, underWay } = stage({ a: [], b: ['a'], c: ['b'], x: [], y: ['x'] })
  await end('a', false)
  await end('x')
  expect(underWay()).toEqual(['y'])
  await end('y')
  expect(await ended).toEqual({
    deployed: ['x', 'y'],
    failed: ['a'],
    left: [
      { name: 'b', after: ['a'] },
      { name: 'c', after: ['a'] },
    ],
  })
})

test('one that throws is heard of when all that was under way has ended', async () => {
  const order = new Map([
    ['a', new Set<string>()],
    ['b', new Set<string>()],
  ])
  let ended = false
  const slow = async () => {
    await new Promise(setImmediate)
    return (ended = true)
  }
  await expect(inSteps(order, 2, name => (name === 'a' ? Promise.reject(new Error('no osls')) : slow()))).rejects.toThrow('no osls')
  expect(ended).toBe(true)
})
