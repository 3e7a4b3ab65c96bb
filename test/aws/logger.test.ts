import { attemptLog, functionLogger } from '../../shared/aws/logger.ts'

/** What a line is on Lambda. */
function lines(use: (log: ReturnType<ReturnType<typeof attemptLog>>) => void): Record<string, unknown>[] {
  const written: string[] = []
  const loggerOf = (service: string) => {
    const logger = functionLogger(service)
    // The logger writes by a console of its own.
    const console = { log: (line: string) => written.push(line) }
    Object.assign(console, { info: console.log, warn: console.log, error: console.log })
    ;(logger as unknown as { console: unknown }).console = console
    return logger
  }
  use(attemptLog(loggerOf)({ task: 'route-punctuality', partition: '2001-02-14', generation: 12, attempt: 2 }))
  return written.map(line => JSON.parse(line) as Record<string, unknown>)
}

const night = { lane: 'nightly', night: '2001-02-14' }
const whole = () =>
  lines(log => {
    log('attempt began', { generation: 12, attempt: 2, ...night })
    log('published', { rows: 123_456, bytes: 12_345_678 })
  })

test('every line says whose it is: night, lane, task, partition, generation, attempt', () => {
  const [began, published] = whole()
  const own = { task: 'route-punctuality', partition: '2001-02-14', generation: 12, attempt: 2, ...night }
  expect(began).toMatchObject({ level: 'INFO', message: 'attempt began', ...own })
  expect(published).toMatchObject({ level: 'INFO', message: 'published', rows: 123_456, bytes: 12_345_678, ...own })
})

test('a run’s lines stay under a kilobyte', () => {
  expect(
    Buffer.byteLength(
      whole()
        .map(line => JSON.stringify(line))
        .join('\n'),
    ),
  ).toBeLessThan(1024)
})

test('a failure is a warning, with its class; a long message is cut', () => {
  const [line] = lines(log => log(`failed: ${'x'.repeat(5000)}`, { failure: 'user', code: 'BAD_SQL' }))
  expect(line).toMatchObject({ level: 'WARN', failure: 'user', code: 'BAD_SQL' })
  expect(String(line!.message)).toHaveLength(400)
})
