/** What a line becomes: a record, or the reason why it is none. */
export type ParsedLine = { record: Record<string, unknown> } | { reason: string }
export type LineParser = (line: string) => ParsedLine

/**
 * How lines are written: `common` and `combined` are the access logs of Apache and nginx, `json` is an object a line, and a
 * regular expression gives a field for each of its named groups.
 */
export type LogFormat = 'common' | 'combined' | 'json' | RegExp

/** The function that parses a line of a format. */
export function lineParser(format: LogFormat): LineParser {
  if (format instanceof RegExp) return patternParser(format)
  return format === 'json' ? parseJsonLine : accessParser(format)
}

function patternParser(pattern: RegExp): LineParser {
  return line => {
    const m = pattern.exec(line)
    if (!m) return { reason: `the line does not match ${String(pattern).slice(0, 200)}` }
    const record: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(m.groups ?? {})) record[name] = value ?? null
    return { record }
  }
}

function parseJsonLine(line: string): ParsedLine {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { record: value as Record<string, unknown> }
    return { reason: 'the line is JSON but no object' }
  } catch (error) {
    return { reason: `the line is no JSON: ${(error as Error).message}` }
  }
}

// A quoted field may hold escaped quotes; the alternatives begin with different characters, so matching takes linear time.
const quoted = '"((?:[^"\\\\]|\\\\.)*)"'
const common = `^(\\S+) (\\S+) (.*?) \\[([^\\]]{20,32})\\] ${quoted} (\\d{3}) (\\d+|-)`
const accessLines = { common: new RegExp(`${common}$`), combined: new RegExp(`${common} ${quoted} ${quoted}$`) }
const requestLine = /^([A-Z]+) (\S+)(?: (HTTP\/[\d.]+))?$/

/**
 * Access logs: host, identity, user, time (ISO in UTC), request and its method, path and protocol, status, bytes; the combined
 * ones also referer and user_agent. `-` is null. A request that is no HTTP is a record all the same, with its method null.
 */
function accessParser(format: 'common' | 'combined'): LineParser {
  const pattern = accessLines[format]
  return line => {
    const m = pattern.exec(line)
    if (!m) return { reason: `the line is no line of a ${format} access log` }
    const time = accessLogTime(m[4]!)
    if (time === undefined) return { reason: `"${m[4]}" is no time of an access log, like 14/Feb/2001:05:00:00 -0600` }
    const request = absent(m[5]!)
    const parts = request === null ? null : requestLine.exec(request)
    const record: Record<string, unknown> = {
      host: m[1],
      identity: absent(m[2]!),
      user: absent(m[3]!),
      time,
      request,
      method: parts?.[1] ?? null,
      path: parts?.[2] ?? null,
      protocol: parts?.[3] ?? null,
      status: Number(m[6]),
      bytes: m[7] === '-' ? null : Number(m[7]),
    }
    if (format === 'combined') {
      record.referer = absent(m[8]!)
      record.user_agent = absent(m[9]!)
    }
    return { record }
  }
}

function absent(field: string): string | null {
  if (field === '-') return null
  return field.includes('\\') ? unescaped(field) : field
}

const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', v: '\v', b: '\b' }

/** What Apache and nginx escape: quotes, backslashes, control characters, and bytes as \xhh, which together are UTF-8 where they can be. */
function unescaped(field: string): string {
  return field.replace(/(?:\\x[0-9a-fA-F]{2})+|\\(.)/g, (run: string, character?: string) => {
    if (character !== undefined) return escapes[character] ?? character
    const bytes = Buffer.from(run.replaceAll('\\x', ''), 'hex')
    const text = bytes.toString('utf8')
    return text.includes('\ufffd') ? run : text
  })
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `14/Feb/2001:05:00:00 -0600` as ISO in UTC; undefined when it is no such time. */
export function accessLogTime(text: string): string | undefined {
  const seconds = text.slice(17, 20)
  const minute = isoMinute(text.slice(0, 17), text.slice(20))
  return minute !== undefined && /^:[0-5]\d$/.test(seconds) ? `${minute}${seconds}Z` : undefined
}

// A log's lines come in order, so nearly every line has the minute of the one before.
let lastMinute = { text: '', offset: '', iso: undefined as string | undefined }

function isoMinute(text: string, offset: string): string | undefined {
  if (lastMinute.text !== text || lastMinute.offset !== offset) lastMinute = { text, offset, iso: parseMinute(text, offset) }
  return lastMinute.iso
}

/** `2001-02-14T11:00` of `14/Feb/2001:05:00` and ` -0600`. */
function parseMinute(text: string, offset: string): string | undefined {
  const m = /^(\d{2})\/([A-Z][a-z]{2})\/(\d{4}):(\d{2}):(\d{2})$/.exec(text)
  const zone = /^ ([+-])(\d{2})(\d{2})$/.exec(offset)
  if (!m || !zone) return undefined
  const month = months.indexOf(m[2]!)
  const [day, year, hour, minute] = [Number(m[1]), Number(m[3]), Number(m[4]), Number(m[5])]
  const local = new Date(Date.UTC(year, month, day, hour, minute))
  if (month < 0 || year < 100 || local.getUTCDate() !== day || hour > 23 || minute > 59) return undefined
  const ahead = (Number(zone[2]) * 60 + Number(zone[3])) * (zone[1] === '-' ? -1 : 1)
  return new Date(local.getTime() - ahead * 60_000).toISOString().slice(0, 16)
}
