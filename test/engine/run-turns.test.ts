import { takeTurn } from '../../shared/engine/run-turns.ts'
import type { World } from '../../shared/engine/world.ts'

const world = () => ({ ledger: {} }) as World

describe('looks at one run', () => {
  test('take turns, in the order they came', async () => {
    const here = world()
    const order: number[] = []
    const look = async (n: number) => {
      const end = await takeTurn(here, 'run/clean/2026-03-02')
      order.push(n)
      await Promise.resolve()
      order.push(-n)
      end()
    }
    await Promise.all([1, 2, 3].map(look))
    expect(order).toEqual([1, -1, 2, -2, 3, -3])
    // All have ended: the next goes at once.
    await look(4)
    expect(order.slice(-2)).toEqual([4, -4])
  })

  test('of other runs, or on other ledgers, do not wait', async () => {
    const here = world()
    await takeTurn(here, 'run/clean/2026-03-02')
    await takeTurn(here, 'run/clean/2026-03-03')
    await takeTurn(world(), 'run/clean/2026-03-02')
  })

  test('that end twice let nobody past the next', async () => {
    const here = world()
    const first = await takeTurn(here, 'run')
    const second = takeTurn(here, 'run')
    first()
    await second
    first()
    let third = false
    void takeTurn(here, 'run').then(() => {
      third = true
    })
    await new Promise(resolve => setImmediate(resolve))
    expect(third).toBe(false)
  })
})
