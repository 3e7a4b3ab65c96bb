/** An error as the SDK throws it. */
export function sdkError(name: string, message = '', status = 400): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode: status } })
}

/** The refusals that every adapter meets, and what it is to make of them. */
export const refusals: [what: string, error: Error, expected: { code?: string; failure: string; message: unknown }][] = [
  [
    'access denied',
    sdkError('AccessDeniedException', 'User: decide is not authorized', 403),
    { code: 'NOT_DEPLOYED', failure: 'user', message: expect.stringContaining('is not allowed') },
  ],
  [
    'no credentials',
    sdkError('CredentialsProviderError', 'Could not load credentials'),
    { code: 'NOT_DEPLOYED', failure: 'user', message: expect.stringContaining('no credentials') },
  ],
  [
    'throttled to the end',
    sdkError('ThrottlingException', 'Rate exceeded'),
    { failure: 'transient', message: expect.stringContaining('ThrottlingException: Rate exceeded') },
  ],
  [
    'a timeout',
    sdkError('TimeoutError', 'socket timed out', 0),
    { failure: 'transient', message: expect.stringContaining('TimeoutError') },
  ],
]
