import { RedeyeError } from '../core/errors.ts'
import { fitTimestamp } from '../core/fit-time.ts'
import { type Names, optionFaults } from '../core/option-faults.ts'
import type { Json } from '../core/schema.ts'
import type { Batch, ReadRequest, Rejected, Source } from '../ports/source.ts'
import { decompressed } from './decompress.ts'
import { type FileMatcher, fileMatcher, filePatternFaults, filePlaceholders } from './file-pattern.ts'
import { type FileStore, storeOf } from './file-store.ts'
import { type Line, linesOf } from './lines.ts'
import { type LineParser, type LogFormat, lineParser } from './log-format.ts'
import { placeholderFaults, type ReadPartition } from './partition-text.ts'
import { settingFaults, settingOf } from './setting.ts'

export interface LogFilesOptions {
  /** The name of the setting that holds the folder (or the prefix of a store), like `/var/log/site`; never the folder itself. */
  connection: string
  /**
   * Which files below it are of a partition: `*` and `?` within a folder, `**` across folders, `{partition}`, or the time a file
   * is of: `{date}`, `{yyyy}`, `{mm}`, `{dd}`, `{hh}`, in the partition's zone. All files are taken that overlap the partition.
   */
  files: string
  /** How a line is written: `common` or `combined` (access logs), `json`, or a regular expression with named groups. */
  format: LogFormat
  /** The field with a record's time, needed where a file holds several partitions: of such a file each takes its own records. */
  time?: string
  /** Whether a partition without any file is empty; otherwise the attempt fails and is retried, since the file may be late. */
  mayBeAbsent?: boolean
  /** `utf-8` unless given. */
  encoding?: 'utf-8' | 'latin1'
  /** Longer lines are rejected; 1 MiB unless given. */
  maxLineBytes?: number
}
const names: Names<LogFilesOptions> = {
  connection: true,
  files: true,
  format: true,
  time: true,
  mayBeAbsent: true,
  encoding: true,
  maxLineBytes: true,
}

// Longer than any line a program writes on purpose, and short enough to hold a few at a time.
const MAX_LINE_BYTES = 1024 * 1024
const BATCH_ROWS = 1000

/**
 * Reads log files, plain or compressed by gzip or zstd. A line that cannot be read is rejected with file, line and reason.
 *
 * @example
 * export default ingest({
 *   source: logFiles({ connection: 'SITE_LOGS', files: 'access-{date}*.log.gz', format: 'combined' }),
 *   output: webLogs,
 * })
 */
export function logFiles(options: LogFilesOptions): Source {
  return {
    source: 'logs',
    describe: () => `log files ${options.files} from ${options.connection}`,
    secrets: [options.connection],
    faults: () => optionFaults('logFiles', options, names, () => faultsOf(options)),
    read: request => readFiles(options, request),
  }
}

function faultsOf(options: LogFilesOptions): string[] {
  const faults = settingFaults(options.connection, 'SITE_LOGS')
  faults.push(...placeholderFaults(options.files, 'files', filePlaceholders), ...filePatternFaults(options.files))
  const { format, maxLineBytes } = options
  if (format instanceof RegExp) {
    if (!/\(\?<[A-Za-z_]/.test(format.source)) faults.push(`format ${format} has no named group, like (?<path>\\S+), so it gives no field`)
    if (format.global || format.sticky)
      faults.push(`format ${format} has the flag g or y, with which a line's match depends on the line before`)
  } else if (!['common', 'combined', 'json'].includes(format))
    faults.push(`format is 'common', 'combined', 'json' or a regular expression, not ${JSON.stringify(format)}`)
  if (maxLineBytes !== undefined && !(Number.isInteger(maxLineBytes) && maxLineBytes > 0))
    faults.push(`maxLineBytes is a whole number of bytes, not ${maxLineBytes}`)
  return faults
}

/** A position: the last line read of the files in the order of their names. */
interface Place {
  file: string
  line: number
}

async function* readFiles(options: LogFilesOptions, request: ReadRequest): AsyncGenerator<Batch> {
  const store = await storeOf(await settingOf(request.world, options.connection), options.connection)
  const matcher = fileMatcher(options.files, request.partition)
  const names = await namesOf(options, store, matcher, request.partition)
  const done = request.position as Place | undefined
  const parse = lineParser(options.format)
  for (const name of names) {
    if (done !== undefined && name < done.file) continue
    const skip = done?.file === name ? done.line : 0
    yield* readFile(options, request, store, name, { parse, skip, isWider: matcher.isWider(name) })
  }
}

async function namesOf(options: LogFilesOptions, store: FileStore, matcher: FileMatcher, partition: ReadPartition): Promise<string[]> {
  const names: string[] = []
  for await (const name of store.list(matcher.prefix)) if (matcher.matches(name)) names.push(name)
  const wider = options.time === undefined ? names.find(name => matcher.isWider(name)) : undefined
  if (wider !== undefined)
    throw new RedeyeError('BAD_SOURCE', `the file ${wider} (${options.connection}) holds more than partition "${partition.key}"`, {
      remedy:
        'name the field with a record’s time in `time`, so that other partitions’ records are left out, or name the partition in `files`',
    })
  if (names.length === 0 && options.mayBeAbsent !== true)
    throw new RedeyeError(
      'SOURCE_UNAVAILABLE',
      `no file in ${options.connection} matches ${options.files} for partition "${partition.key}"`,
      {
        remedy: 'it may be late, so the attempt is retried; where a partition may have none, say mayBeAbsent: true',
      },
    )
  return names.sort()
}

async function* readFile(
  options: LogFilesOptions,
  request: ReadRequest,
  store: FileStore,
  name: string,
  how: { parse: LineParser; skip: number; isWider: boolean },
): AsyncGenerator<Batch> {
  const bytes = decompressed(store.read(name), name)
  const cut = { maxLineBytes: options.maxLineBytes ?? MAX_LINE_BYTES, encoding: options.encoding ?? 'utf-8' }
  // A file of this partition alone keeps its stragglers from after midnight: no other partition would read them.
  const time = how.isWider ? options.time : undefined
  for await (const lines of linesOf(bytes, cut)) {
    request.signal.throwIfAborted()
    const unread = lines.length > 0 && lines[0]!.number <= how.skip ? lines.filter(line => line.number > how.skip) : lines
    for (let from = 0; from < unread.length; from += BATCH_ROWS) {
      const some = unread.slice(from, from + BATCH_ROWS)
      const position: Place = { file: name, line: some.at(-1)!.number }
      yield { ...batchOf(some, name, how.parse, time, request.partition), position: position as unknown as Json }
    }
  }
}

function batchOf(lines: Line[], file: string, parse: LineParser, time: string | undefined, partition: ReadPartition): Batch {
  const records: Record<string, unknown>[] = []
  const rejected: Rejected[] = []
  for (const line of lines) {
    if ('text' in line && line.text.trim() === '') continue
    const parsed = 'text' in line ? parse(line.text) : line
    const reason = 'record' in parsed ? (time === undefined ? 'here' : placeInTime(parsed.record, time, partition)) : parsed.reason
    if (reason === 'elsewhere') continue
    if ('record' in parsed && reason === 'here') records.push(parsed.record)
    else rejected.push({ raw: 'text' in line ? line.text : line.raw, reason, where: `${file}:${line.number}` })
  }
  return rejected.length === 0 ? { records } : { records, rejected }
}

/** Whether a record's time lies in the partition: `here`, `elsewhere`, or the reason why its time cannot be read. */
function placeInTime(record: Record<string, unknown>, field: string, partition: ReadPartition): string {
  const at = Date.parse(fitTimestamp(record[field]) ?? '')
  if (Number.isNaN(at)) return `${field}: received ${JSON.stringify(record[field]) ?? 'nothing'}, expected the time of the record`
  return at >= Date.parse(partition.start!) && at < Date.parse(partition.end!) ? 'here' : 'elsewhere'
}
