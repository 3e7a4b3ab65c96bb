import { failureReason } from '../../../cli/failure-reason.ts'

const error = {
  message:
    'fetch@2001-02-01: GET example.com: the answer broke off; the attempt is retried by itself; see the cause if it stays\n  at line',
}
const run = { task: 'fetch', partition: '2001-02-01', error }

test('an attempt that is followed by another says so', () => {
  expect(failureReason({ ...run, state: 'queued' })).toBe(
    'GET example.com: the answer broke off; the attempt is retried by itself; see the cause if it stays',
  )
})

test('the last attempt names the way out instead', () => {
  expect(failureReason({ ...run, state: 'failed' })).toBe(
    'GET example.com: the answer broke off; no attempt is left: redeye request fetch --from 2001-02-01 --run failed; see the cause if it stays',
  )
  for (const may of ['it may be late', 'it may still be being written']) {
    const message = `no file; ${may}, so the attempt is retried; else bring it`
    expect(failureReason({ ...run, state: 'failed', error: { message } })).toBe(
      'no file; no attempt is left: redeye request fetch --from 2001-02-01 --run failed; else bring it',
    )
  }
  const load = 'the target refused; the load is retried by itself, from the first batch that was not taken'
  expect(failureReason({ ...run, state: 'failed', error: { message: load } })).toBe(
    'the target refused; no attempt is left: redeye request fetch --from 2001-02-01 --run failed',
  )
})
