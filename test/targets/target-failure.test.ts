import { RedeyeError } from '../../shared/core/errors.ts'
import { targetFailure } from '../../shared/targets/target-failure.ts'

test.each([
  ['IO Error: Could not write file "w.duckdb": No space left on device', 'OUT_OF_DISK', 'resources'],
  ['database or disk is full', 'OUT_OF_DISK', 'resources'],
  ['Out of Memory Error: could not allocate block', 'OUT_OF_MEMORY', 'resources'],
  ['Conversion Error: Could not convert string "x" to INT32', 'BAD_TARGET', 'user'],
  ['IO Error: Cannot open file', 'TARGET_UNAVAILABLE', 'transient'],
  ['database is locked', 'TARGET_UNAVAILABLE', 'transient'],
])('%s is %s, %s', (message, code, failure) => {
  const error = targetFailure('the warehouse', new Error(`${message}\nand more`))
  expect(error).toMatchObject({ code, failure, message: expect.stringContaining(`: ${message}`) })
  expect(error.message).not.toContain('and more')
})

test('an error of ours stays what it is', () => {
  const stale = new RedeyeError('STALE_ATTEMPT', 'too late')
  expect(targetFailure('the queue', stale)).toBe(stale)
})
