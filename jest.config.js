const slow = '\\.slow\\.test\\.ts$'

const suites = { slow: '**/*.slow.test.ts', acceptance: '**/*.acceptance.ts' }

/**
 * Suites that take over ten seconds are named *.slow.test.ts and run by `npm run test:slow`, so that `npm test` stays under two minutes; the
 * night on AWS, which takes minutes, is *.acceptance.ts and runs by `npm run test:acceptance`.
 */
export const configuration = chosen => ({
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'mjs', 'js', 'json', 'node'],
  testMatch: [suites[chosen] ?? '**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', ...(chosen === 'slow' ? [] : [slow])],
  transform: { '\\.ts$': '<rootDir>/test/strip-types.mjs' },
  // A loaded machine is no failure; what hangs is one, in the end.
  testTimeout: chosen === 'acceptance' ? 3_600_000 : 120_000,
  // Most suites wait for processes and disks half of their time.
  maxWorkers: '100%',
})

export default configuration(process.env.REDEYE_TESTS)
