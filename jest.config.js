const slow = '\\.slow\\.test\\.ts$'

/** Suites that take over ten seconds are named *.slow.test.ts and run by `npm run test:slow`, so that `npm test` stays under two minutes. */
export const configuration = chosen => ({
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'json', 'node'],
  testMatch: [chosen === 'slow' ? '**/*.slow.test.ts' : '**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(chosen === 'slow' ? [] : [slow])],
  transform: { '\\.ts$': '<rootDir>/test/strip-types.mjs' },
  // A loaded machine is no failure; what hangs is one, in the end.
  testTimeout: 120_000,
  // Most suites wait for processes and disks half of their time.
  maxWorkers: '100%',
})

export default configuration(process.env.REDEYE_TESTS)
