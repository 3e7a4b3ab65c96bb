import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { ReadRequest } from '../../shared/ports/source.ts'
import { fileMatcher } from '../../shared/sources/file-pattern.ts'
import { type LogFilesOptions, logFiles } from '../../shared/sources/log-files.ts'
import { breaksAnywhere, day, errorOf, type Reading, read, readAll, temporaryFolder, whole } from './reading.ts'

const root = temporaryFolder()
let folders = 0
/** A new folder with these files, as the settings that name it. */
function filesOf(files: Record<string, string | Uint8Array>): Reading & { secrets: Record<string, string> } {
  const folder = join(root, String(folders++))
  mkdirSync(folder)
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return { secrets: { SITE_LOGS: folder } }
}
const logs = (options: Partial<LogFilesOptions> = {}) =>
  logFiles({ connection: 'SITE_LOGS', files: 'access-{date}*', format: 'json', ...options })
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `{"n":${from + i}}\n`).join('')
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => ({ n: from + i }))

describe('compression, by content', () => {
  const text = lines(0, 3000)
  test.each<[string, Uint8Array | string]>([
    ['access-2001-02-14.log', text],
    ['access-2001-02-14.log.gz', gzipSync(text)],
    ['access-2001-02-14.log', gzipSync(text)],
    ['access-2001-02-14.log.zst', zstdCompressSync(text)],
    ['access-2001-02-14', zstdCompressSync(text)],
    ['access-2001-02-14.several-members.gz', Buffer.concat([gzipSync(lines(0, 1000)), gzipSync(lines(1000, 3000))])],
    [
      'access-2001-02-14.several-frames.zst',
      Buffer.concat([
        zstdCompressSync(lines(0, 1000)),
        skippable(70_000),
        zstdCompressSync(lines(1000, 1001)),
        zstdCompressSync(lines(1001, 3000)),
      ]),
    ],
  ])('%s', async (name, content) => {
    expect((await readAll(logs(), filesOf({ [name]: content }))).records).toEqual(numbers(0, 3000))
  })

  test('a large zstd file of many blocks', async () => {
    const text = Array.from({ length: 40_000 }, (_, n) => `{"n":${n},"x":"${(n * 2654435761).toString(36)}"}\n`).join('')
    const { records } = await readAll(
      logs(),
      filesOf({ 'access-2001-02-14.zst': Buffer.concat([zstdCompressSync(text), zstdCompressSync(text)]) }),
    )
    expect(records.length).toBe(80_000)
  })

  test.each<[string, Uint8Array]>([
    ['gzip', gzipSync(text).subarray(0, -20)],
    ['gzip, after its magic', gzipSync(text).subarray(0, 3)],
    ['zstd', zstdCompressSync(text).subarray(0, -20)],
    ['zstd, in a later frame', Buffer.concat([zstdCompressSync(text), zstdCompressSync(text).subarray(0, 6)])],
    ['zstd, before a block', Buffer.concat([zstdCompressSync(text), zstdCompressSync(text).subarray(0, 2)])],
    ['nothing yet', new Uint8Array()],
  ])('cut short: %s may still be being written, so it is transient', async (_, content) => {
    const error = await errorOf(logs(), filesOf({ 'access-2001-02-14.gz': content }))
    expect(error).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      failure: 'transient',
      message: 'access-2001-02-14.gz ends in the middle of its compressed content',
    })
  })

  test.each<[string, Uint8Array]>([
    ['a gzip with a changed byte', changed(gzipSync(text), 40)],
    ['a gzip with a wrong checksum', changed(gzipSync(text), -5)],
    ['a gzip with something else behind', Buffer.concat([gzipSync(text), Buffer.from('something')])],
    ['a zstd with something else behind', Buffer.concat([zstdCompressSync(text), Buffer.from('something')])],
    ['plain text under such a name', Buffer.from(text)],
  ])('damaged: %s stays so, and is a user’s matter', async (_, content) => {
    const error = await errorOf(logs(), filesOf({ 'access-2001-02-14.gz': content }))
    expect(error).toMatchObject({
      code: 'BAD_SOURCE',
      failure: 'user',
      message: expect.stringContaining('access-2001-02-14.gz is damaged'),
    })
  })
})

describe('which files a partition has', () => {
  const week = { key: '2001-W07', start: '2001-02-12T00:00:00Z', end: '2001-02-19T00:00:00Z', timezone: 'UTC' }
  const month = { key: '2001-02', start: '2001-02-01T00:00:00Z', end: '2001-03-01T00:00:00Z', timezone: 'UTC' }
  const hour = { key: '2001-02-14T05Z', start: '2001-02-14T05:00:00Z', end: '2001-02-14T06:00:00Z', timezone: 'UTC' }
  const named = (...names: string[]) => filesOf(Object.fromEntries(names.map(name => [name, `{"file":"${name}"}`])))
  const found = async (files: string, reading: Reading) => (await readAll(logs({ files }), reading)).records.map(r => r.file)

  test('the date in a name, for days, weeks and months, in order of names', async () => {
    const reading = named(
      'access-2001-02-14.log',
      'access-2001-02-14-b.log',
      'access-2001-02-15.log',
      'access-2001-02-20.log',
      'access-2001-13-40.log',
      'other',
    )
    expect(await found('access-{date}*.log', reading)).toEqual(['access-2001-02-14-b.log', 'access-2001-02-14.log'])
    expect(await found('access-{date}.log', { ...reading, partition: week })).toEqual(['access-2001-02-14.log', 'access-2001-02-15.log'])
    expect(await found('access-{yyyy}-{mm}-{dd}.log', { ...reading, partition: month })).toHaveLength(3)
  })

  test('folders by date, and hours', async () => {
    const reading = named('2001/02/14/05.log', '2001/02/14/06.log', '2001/02/15/05.log')
    expect(await found('{yyyy}/{mm}/{dd}/{hh}.log', { ...reading, partition: hour })).toEqual(['2001/02/14/05.log'])
    expect(await found('{yyyy}/{mm}/{dd}/*', reading)).toEqual(['2001/02/14/05.log', '2001/02/14/06.log'])
    expect(await found('**/{dd}/{hh}.log'.replace('{dd}', '14'), { ...reading, partition: whole })).toHaveLength(2)
  })

  test('only folders that can have such files are listed', async () => {
    const listed = (files: string, partition: ReadRequest['partition']) => fileMatcher(files, partition).prefix
    expect(listed('{yyyy}/{mm}/{dd}/*', day)).toBe('2001/02/14/')
    expect(listed('{yyyy}/{mm}/{dd}/{hh}.log', hour)).toBe('2001/02/14/')
    expect(listed('{yyyy}/{mm}/{dd}/*', week)).toBe('2001/02/')
    expect(listed('site/{date}*', month)).toBe('site/2001-02-')
    expect(listed('{yyyy}/*', { ...month, end: '2002-03-01T00:00:00Z' })).toBe('')
    expect(listed('{partition}/{date}', { ...week, key: 'w' })).toBe('w/2001-02-')
  })

  test('the partition’s key', async () => {
    const reading = named('emea/a.log', 'us/a.log', 'us/deep/b.log')
    expect(await found('{partition}/*.log', { ...reading, partition: { key: 'us' } })).toEqual(['us/a.log'])
    expect(await found('{partition}/**', { ...reading, partition: { key: 'us' } })).toEqual(['us/a.log', 'us/deep/b.log'])
    expect(await found('access.{partition}', { ...named('accessX2001-02-14', 'access.2001-02-14') })).toEqual(['access.2001-02-14'])
  })

  test('dates of file names are those of the partition’s zone', async () => {
    const madrid = { key: '2001-02-14', start: '2001-02-13T23:00:00Z', end: '2001-02-14T23:00:00Z', timezone: 'Europe/Madrid' }
    expect(await found('{date}.log', { ...named('2001-02-13.log', '2001-02-14.log'), partition: madrid })).toEqual(['2001-02-14.log'])
  })

  test('no file may be late, unless it may be absent', async () => {
    expect(await errorOf(logs(), named('other'))).toMatchObject({
      code: 'SOURCE_UNAVAILABLE',
      failure: 'transient',
      message: 'no file in SITE_LOGS matches access-{date}* for partition "2001-02-14"',
    })
    expect((await readAll(logs({ mayBeAbsent: true }), named('other'))).records).toEqual([])
    expect((await readAll(logs({ files: '{yyyy}/{date}/*', mayBeAbsent: true }), named('other'))).records).toEqual([])
  })

  test('an absent folder is named', async () => {
    const folder = join(root, 'absent')
    expect(await errorOf(logs(), { secrets: { SITE_LOGS: folder } })).toMatchObject({
      code: 'BAD_SOURCE',
      message: `the folder ${folder} of the setting SITE_LOGS does not exist`,
    })
    expect(await errorOf(logs(), { secrets: { SITE_LOGS: 'ftp://host/logs' } })).toMatchObject({ code: 'BAD_SOURCE' })
  })

  test('a file that holds more than the partition needs the field with a record’s time', async () => {
    const text = ['04:59:59', '05:00:00', '05:59:59.999', '06:00:00'].map(t => `{"at":"2001-02-14T${t}Z"}\n`).join('')
    const reading = { ...filesOf({ 'access-2001-02-14.log': `${text}{"at":"never"}\n` }), partition: hour }
    expect(await errorOf(logs(), reading)).toMatchObject({
      code: 'BAD_SOURCE',
      message: 'the file access-2001-02-14.log (SITE_LOGS) holds more than partition "2001-02-14T05Z"',
    })
    const { records, rejected } = await readAll(logs({ time: 'at' }), reading)
    expect(records.map(r => r.at)).toEqual(['2001-02-14T05:00:00Z', '2001-02-14T05:59:59.999Z'])
    expect(rejected).toEqual([
      { raw: '{"at":"never"}', where: 'access-2001-02-14.log:5', reason: 'at: received "never", expected the time of the record' },
    ])
    // The same file read for its own day keeps all it has, stragglers too.
    const own = await readAll(logs({ time: 'at' }), { ...reading, partition: { ...day, end: '2001-02-15T00:00:00Z' } })
    expect(own.records).toHaveLength(5)
  })
})

describe('access logs', () => {
  const access = async (format: LogFilesOptions['format'], text: string) =>
    readAll(logs({ format }), filesOf({ 'access-2001-02-14.log': text }))

  test('a common line', async () => {
    const { records } = await access(
      'common',
      '10.0.0.7 - anna [14/Feb/2001:23:30:00 -0600] "GET /routes/SFO-JFK?x=1 HTTP/1.0" 200 2326\r\n',
    )
    expect(records).toEqual([
      {
        host: '10.0.0.7',
        identity: null,
        user: 'anna',
        time: '2001-02-15T05:30:00Z',
        request: 'GET /routes/SFO-JFK?x=1 HTTP/1.0',
        method: 'GET',
        path: '/routes/SFO-JFK?x=1',
        protocol: 'HTTP/1.0',
        status: 200,
        bytes: 2326,
      },
    ])
  })

  test('a combined line, with what is escaped and what is absent', async () => {
    const line = String.raw`::1 - - [14/Feb/2001:00:00:00 +0000] "\x16\x03\x01" 400 - "-" "a \"quoted\" \\ agent, S\xc3\xa3o, \xff"`
    const { records } = await access('combined', line)
    expect(records[0]).toMatchObject({
      request: '\x16\x03\x01',
      method: null,
      path: null,
      bytes: null,
      referer: null,
      user_agent: String.raw`a "quoted" \ agent, São, \xff`,
    })
  })

  test('what is no such line is rejected with its place', async () => {
    const good = '1.1.1.1 - - [14/Feb/2001:00:00:00 +0000] "GET / HTTP/1.1" 200 1'
    const { records, rejected } = await access(
      'common',
      [good, 'nonsense', good.replace('14/Feb', '30/Feb'), good.replace(' 200 1', ''), '', good].join('\n'),
    )
    expect(records).toHaveLength(2)
    expect(rejected.map(r => [r.where, r.reason])).toEqual([
      ['access-2001-02-14.log:2', 'the line is no line of a common access log'],
      ['access-2001-02-14.log:3', '"30/Feb/2001:00:00:00 +0000" is no time of an access log, like 14/Feb/2001:05:00:00 -0600'],
      ['access-2001-02-14.log:4', 'the line is no line of a common access log'],
    ])
    expect(rejected[0]!.raw).toBe('nonsense')
  })

  test('a pattern gives a field for each named group', async () => {
    const { records, rejected } = await access(/^(?<level>[A-Z]+) (?<code>\d+)?(?: (?<rest>.*))?$/, 'INFO 7 all well\nWARN \nwhat\n')
    expect(records).toEqual([
      { level: 'INFO', code: '7', rest: 'all well' },
      { level: 'WARN', code: null, rest: null },
    ])
    expect(rejected).toHaveLength(1)
  })

  test('JSON lines that are no objects are rejected', async () => {
    const { records, rejected } = await access('json', '{"a":1}\n[1]\n{"a":\n\n7\n')
    expect(records).toEqual([{ a: 1 }])
    expect(rejected.map(r => r.where?.split(':')[1])).toEqual(['2', '3', '5'])
  })
})

describe('lines', () => {
  test('a byte order mark is no part of the first line', async () => {
    for (const content of ['\ufeff{"n":1}\n{"n":2}\n', '\ufeff{"n":1}'])
      expect((await readAll(logs(), filesOf({ 'access-2001-02-14': content }))).records[0]).toEqual({ n: 1 })
  })

  test('bytes that are no UTF-8 are rejected, unless the encoding is said', async () => {
    const content = Buffer.concat([Buffer.from('{"a":"São"}\n'), Buffer.from('{"a":"S\xe3o"}\n', 'latin1'), Buffer.from('{"a":1}')])
    const utf8 = await readAll(logs(), filesOf({ 'access-2001-02-14': content }))
    expect(utf8.records).toEqual([{ a: 'São' }, { a: 1 }])
    expect(utf8.rejected).toEqual([{ raw: '{"a":"S\xe3o"}', reason: 'the line is no UTF-8', where: 'access-2001-02-14:2' }])
    const latin1 = await readAll(logs({ encoding: 'latin1' }), filesOf({ 'access-2001-02-14': content }))
    expect(latin1.records[1]).toEqual({ a: 'S\xe3o' })
  })

  test('a line of any length is held no longer than allowed', async () => {
    const long = 'x'.repeat(5_000_000)
    const { records, rejected } = await readAll(logs(), filesOf({ 'access-2001-02-14': gzipSync(`{"n":1}\n${long}\n{"n":2}\n${long}`) }))
    expect(records).toEqual([{ n: 1 }, { n: 2 }])
    expect(rejected.map(r => [r.where, r.raw.length, r.reason])).toEqual([
      ['access-2001-02-14:2', 1000, 'the line has 5000000 bytes, more than the 1048576 allowed'],
      ['access-2001-02-14:4', 1000, 'the line has 5000000 bytes, more than the 1048576 allowed'],
    ])
    const short = await readAll(logs({ maxLineBytes: 7 }), filesOf({ 'access-2001-02-14': '{"n":1}\n{"n":10}\n{"n":2}' }))
    expect([short.records.length, short.rejected.length]).toEqual([2, 1])
  })

  test('memory stays bounded: a compressed file of 200 MB is read as it is consumed', async () => {
    const block = lines(0, 100_000)
    const member = gzipSync(block)
    const copies = Math.ceil(200_000_000 / block.length)
    const reading = filesOf({ 'access-2001-02-14.gz': Buffer.concat(Array.from({ length: copies }, () => member)) })
    let rows = 0
    for await (const batch of read(logs(), reading)) {
      expect(batch.records.length).toBeLessThanOrEqual(1000)
      rows += batch.records.length
      if (rows > 50_000) break
    }
    expect(rows).toBeLessThan(52_000)
  })
})

describe('reading goes on where it was', () => {
  test('after any batch, over several files', async () => {
    const reading = filesOf({
      'access-2001-02-14-1.gz': gzipSync(lines(0, 2500)),
      'access-2001-02-14-2': `${lines(2500, 2600)}broken\n${lines(2600, 4000)}`,
    })
    const { records } = await readAll(logs(), reading)
    expect(records).toEqual(numbers(0, 4000))
    expect(await breaksAnywhere(logs(), reading, records)).toBeGreaterThanOrEqual(4)
  })

  test('a cancelled attempt ends', async () => {
    const reading = filesOf({ 'access-2001-02-14': lines(0, 100) })
    await expect(readAll(logs(), { ...reading, signal: AbortSignal.abort(new Error('cancelled')) })).rejects.toThrow('cancelled')
  })
})

test('a configuration’s faults are found without touching the world', () => {
  expect(logs().faults({})).toEqual([])
  expect(logs({ connection: '/var/log', files: '/x/{dat}' }).faults({})).toEqual([
    'connection is the name of a setting, like \'SITE_LOGS\', and not the value itself: received "/var/log"',
    'files holds {dat}, which is nothing of a partition; did you mean {date}?',
    'files lie below the folder of the setting: no leading / and no ..',
  ])
  expect(logs({ files: '{dd}' }).faults({})).toEqual(['files names {dd} without {mm}'])
  expect(logs({ files: ' ', maxLineBytes: 0 }).faults({})).toHaveLength(2)
  expect(logs({ format: /(\d+)/g }).faults({})).toHaveLength(2)
  expect(logs({ format: 'csv' as 'json' }).faults({})).toEqual([
    "format is 'common', 'combined', 'json' or a regular expression, not \"csv\"",
  ])
})

test('a name that is no option is a fault', () => {
  expect(logs({ maybeAbsent: true } as object).faults({})).toEqual(['logFiles has no option "maybeAbsent"; did you mean mayBeAbsent?'])
})

function changed(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes)
  const index = at < 0 ? copy.length + at : at
  copy[index] = copy[index]! ^ 0xff
  return copy
}

function skippable(bytes: number): Buffer {
  const frame = Buffer.alloc(8 + bytes)
  frame.writeUInt32LE(0x184d2a53, 0)
  frame.writeUInt32LE(bytes, 4)
  return frame
}
