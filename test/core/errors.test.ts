import { nearest, RedeyeError } from '../../shared/core/errors.ts'

test('an error says what it was about, what to do, and how an attempt that ends with it counts', () => {
  const cause = new Error('underneath')
  const error = new RedeyeError('BAD_PARTITION', 'no month', { remedy: 'write 2001-02', cause, file: 'task.ts', line: 3, column: 7 })
  expect(error).toMatchObject({ name: 'RedeyeError', code: 'BAD_PARTITION', message: 'no month', remedy: 'write 2001-02', cause })
  expect(error.place).toEqual({ file: 'task.ts', line: 3, column: 7 })
  expect(error.failure).toBe('user')
  expect(new RedeyeError('LEDGER_FAILED', '').failure).toBe('transient')
  expect(new RedeyeError('LEDGER_FAILED', '', { failure: 'resources' }).failure).toBe('resources')
  expect('cause' in new RedeyeError('LEDGER_FAILED', '')).toBe(false)
})

test.each([
  ['ordrs', ['prices', 'orders'], 'orders'],
  ['ORDERS', ['orders'], 'orders'],
  ['orders', ['order', 'orders'], 'orders'],
  ['id', ['idx', 'abc'], 'idx'],
  ['id', ['xyz'], undefined],
  // A third of its letters may differ, and no more.
  ['abcdef', ['abcdxy'], 'abcdxy'],
  ['abcdef', ['abcxyz'], undefined],
  ['abcdef', ['bcdef', 'abcde'], 'bcdef'],
  // Two neighbours in each other's place are one slip.
  ['zoen', ['time', 'zone'], 'zone'],
  ['zeno', ['zone'], undefined],
  ['x', [], undefined],
])('of %s, among %j, %s is near', (received, accepted, near) => expect(nearest(received, accepted)).toBe(near))
