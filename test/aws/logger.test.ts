import { attemptLog, functionLogger, progressLog } from '../../shared/aws/logger.ts'

type Log = ReturnType<ReturnType<typeof attemptLog>>
const attempt = { task: 'route-punctuality', partition: '2001-02-14', generation: 12, attempt: 2 }

/** What becomes of what an attempt says on Lambda, of how it began and ended and on its way; at the level that functions have unless given. */
function lines(use: (log: Log, progress: Log) => void, level?: 'DEBUG'): Record<string, unknown>[] {
  const written: string[] = []
  const loggerOf = (service: string) => {
    const logger = functionLogger(service)
    if (level) logger.setLogLevel(level)
    // The logger writes by a console of its own.
    const console = { log: (line: string) => written.push(line) }
    Object.assign(console, { debug: console.log, info: console.log, warn: console.log, error: console.log })
    ;(logger as unknown as { console: unknown }).console = console
    return logger
  }
  use(attemptLog(loggerOf)(attempt), progressLog(loggerOf)(attempt))
  return written.map(line => JSON.parse(line) as Record<string, unknown>)
}

const night = { lane: 'nightly', night: '2001-02-14' }
/** The log of a run that takes a quarter of an hour, and says every ten seconds how far it is. */
const whole = (level?: 'DEBUG') =>
  lines((log, progress) => {
    log('attempt began', { generation: 12, attempt: 2, ...night })
    for (let i = 1; i <= 90; i++) progress(`${i * 1000} rows so far`, { rows: i * 1000 })
    log('published', { rows: 123_456, bytes: 12_345_678 })
  }, level)

test('every line says whose it is: night, lane, task, partition, generation, attempt', () => {
  const [began, published] = whole()
  const own = { ...attempt, ...night }
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

test('whoever asks for it sees how far a run is, and whose it is', () => {
  const progress = whole('DEBUG').filter(line => line.level === 'DEBUG')
  expect(progress).toHaveLength(90)
  expect(progress[4]).toMatchObject({ message: '5000 rows so far', rows: 5000, ...attempt })
})

test('a failure is a warning, with its class; a long message is cut', () => {
  const [line] = lines(log => log(`failed: ${'x'.repeat(5000)}`, { failure: 'user', code: 'BAD_SQL' }))
  expect(line).toMatchObject({ level: 'WARN', failure: 'user', code: 'BAD_SQL' })
  expect(String(line!.message)).toHaveLength(400)
})
