import { everyOne } from '../../shared/engine/every-one.ts'

test('does so many at once, and all of them', async () => {
  let now = 0
  let most = 0
  const done: number[] = []
  await everyOne([1, 2, 3, 4, 5], 2, async n => {
    most = Math.max(most, ++now)
    await Promise.resolve()
    done.push(n)
    now--
  })
  expect(most).toBe(2)
  expect(done).toEqual([1, 2, 3, 4, 5])
})

test('one that fails keeps no other from its turn, and is thrown in the end', async () => {
  const done: number[] = []
  const act = async (n: number) => {
    if (n % 2 === 0) throw new Error(`no ${n}`)
    done.push(n)
  }
  await expect(everyOne([1, 2, 3, 4, 5], 1, act)).rejects.toThrow('no 2')
  expect(done).toEqual([1, 3, 5])
})

test('of nothing is nothing', () => everyOne([], 0, () => Promise.reject(new Error('of nothing'))))
