import fc from 'fast-check'
import { Bench } from './query.ts'

// Functions against a model in TypeScript, on many random rows; the models follow Spark's own code.

let bench: Bench
beforeAll(async () => {
  bench = await Bench.open()
})
afterAll(() => bench.close())

const ROWS = 150
const RUNS = { numRuns: 3, endOnFailure: true }
const PATIENCE_MS = 60_000

const sqlText = (value: string): string => `'${value.replace(/[\\']/g, '\\$&')}'`
type Cell = string | number | null
const cell = (value: Cell): string => (value === null ? 'NULL' : typeof value === 'string' ? sqlText(value) : String(value))

/** Runs an expression over rows of columns a, b, c and holds it against what the model gives for each. */
async function agree<R extends Cell[]>(
  expression: string,
  row: fc.Arbitrary<R>,
  model: (...row: R) => unknown,
  types: string[],
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: ROWS, maxLength: ROWS }), async rows => {
      const names = types.map((_, i) => 'abc'[i]!)
      const columns = names.map((n, i) => `cast(${n} AS ${types[i]}) AS ${n}`)
      const values = rows.map((r, i) => `(${[i, ...r.map(cell)].join(', ')})`)
      const found = await bench.rows(
        `SELECT i, ${expression} AS v FROM (SELECT i, ${columns.join(', ')} FROM VALUES ${values.join(', ')} AS t(i, ${names.join(', ')})) ORDER BY i`,
      )
      expect(found.map(([i, v]) => [rows[i as number], v])).toEqual(rows.map(r => [r, model(...r)]))
    }),
    RUNS,
  )
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'C', ' ', 'ñ', '😀', '-', '1', '%', '_', '.'), maxLength: 8 })
const places = fc.integer({ min: -10, max: 10 })
const characters = (s: string): string[] => [...s]

describe('texts', () => {
  test(
    'substring',
    () =>
      agree(
        'substring(a, b, c)',
        fc.tuple(letters, places, places),
        (s, from, count) => {
          const all = characters(s)
          const start = from > 0 ? from - 1 : from < 0 ? all.length + from : 0
          return all.slice(Math.max(0, start), Math.max(0, start + Math.max(0, count))).join('')
        },
        ['string', 'int', 'int'],
      ),
    PATIENCE_MS,
  )

  test(
    'lpad and rpad',
    () =>
      agree(
        "concat(lpad(a, b, 'xy'), '|', rpad(a, b, 'xy'))",
        fc.tuple(letters, places),
        (s, width) => {
          const all = characters(s)
          const fill = Array.from({ length: Math.max(0, width - all.length) }, (_, i) => 'xy'[i % 2]).join('')
          const cut = all.slice(0, Math.max(0, width)).join('')
          return width <= all.length ? `${cut}|${cut}` : `${fill}${s}|${s}${fill}`
        },
        ['string', 'int'],
      ),
    PATIENCE_MS,
  )

  test(
    'left, right, reverse, repeat and length',
    () =>
      agree(
        "concat_ws('|', left(a, b), right(a, b), reverse(a), repeat(a, b), length(a))",
        fc.tuple(letters, places),
        (s, n) => {
          const all = characters(s)
          const k = Math.max(0, n)
          return [all.slice(0, k).join(''), k === 0 ? '' : all.slice(-k).join(''), all.toReversed().join(''), s.repeat(k), all.length].join(
            '|',
          )
        },
        ['string', 'int'],
      ),
    PATIENCE_MS,
  )

  test(
    'locate, instr and replace',
    () => {
      const short = fc.string({ unit: fc.constantFrom('a', 'b', 'ñ'), minLength: 1, maxLength: 2 })
      return agree(
        "concat_ws('|', instr(a, b), locate(b, a, 3), replace(a, b, '.'), contains(a, b))",
        fc.tuple(letters, short),
        (s, part) => {
          const at = (from: number) => {
            const all = characters(s)
            for (let i = from; i < all.length; i++) if (all.slice(i).join('').startsWith(part)) return i + 1
            return 0
          }
          return [at(0), at(2), s.replaceAll(part, '.'), s.includes(part)].join('|')
        },
        ['string', 'string'],
      )
    },
    PATIENCE_MS,
  )

  test(
    'LIKE',
    () => {
      const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '%', '_', '\\%', '\\_', 'ñ', '.'), maxLength: 5 })
      return agree(
        'a LIKE b',
        fc.tuple(letters, pattern),
        (s, like) => {
          const regex = like.replace(/\\(.)|%|_|[^\\%_]/gsu, (part, escaped) =>
            (escaped ?? part)
              .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
              .replace(/^%$/, escaped ? '%' : '[\\s\\S]*')
              .replace(/^_$/, escaped ? '_' : '[\\s\\S]'),
          )
          return new RegExp(`^${regex}$`, 'su').test(s)
        },
        ['string', 'string'],
      )
    },
    PATIENCE_MS,
  )
})

describe('regular expressions, as a backtracking engine like Java’s runs them', () => {
  const patterns = [
    'a+',
    '[ab]{2}',
    'a|ab',
    '(a)(b)?',
    '(?:ab)+',
    '[^a]b',
    'a.b',
    '\\d+',
    '\\s',
    '\\W',
    'a+?b',
    '(b|a1)',
    '-\\w',
    '[ab-]+',
    '(a|b)1',
  ]
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', '-', '\n'), maxLength: 10 })

  test.each(patterns)(
    '%s',
    async pattern => {
      const quoted = sqlText(pattern)
      const java = new RegExp(pattern, 'gu')
      await agree(
        `concat_ws('|', regexp_replace(a, ${quoted}, '<$0>'), array_join(regexp_extract_all(a, ${quoted}, 0), ','), array_join(split(a, ${quoted}), ','), regexp_count(a, ${quoted}), a RLIKE ${quoted}, regexp_extract(a, ${quoted}, 0))`,
        fc.tuple(texts),
        s => {
          const all = [...s.matchAll(java)].map(m => m[0])
          const pieces: string[] = []
          let from = 0
          for (const m of s.matchAll(java)) {
            pieces.push(s.slice(from, m.index))
            from = m.index + m[0].length
          }
          pieces.push(s.slice(from))
          return [s.replace(java, '<$&>'), all.join(','), pieces.join(','), all.length, all.length > 0, all[0] ?? ''].join('|')
        },
        ['string'],
      )
    },
    PATIENCE_MS,
  )
})

describe('dates', () => {
  const DAY = 86_400_000
  const day = fc.integer({ min: -40_000, max: 40_000 }).map(n => new Date(n * DAY).toISOString().slice(0, 10))
  const utc = (d: string) => new Date(`${d}T00:00:00Z`)
  const iso = (d: Date) => d.toISOString().slice(0, 10)
  const lastDay = (y: number, m: number) => new Date(Date.UTC(y, m + 1, 0)).getUTCDate()

  test(
    'months are added to the same day, or the last',
    () =>
      agree(
        'add_months(a, b)',
        fc.tuple(day, fc.integer({ min: -300, max: 300 })),
        (d, n) => {
          const at = utc(d)
          const months = at.getUTCFullYear() * 12 + at.getUTCMonth() + n
          const [y, m] = [Math.floor(months / 12), ((months % 12) + 12) % 12]
          return iso(new Date(Date.UTC(y, m, Math.min(at.getUTCDate(), lastDay(y, m)))))
        },
        ['date', 'int'],
      ),
    PATIENCE_MS,
  )

  test(
    'fields and units',
    () =>
      agree(
        "concat_ws('|', year(a), month(a), day(a), dayofweek(a), weekday(a), dayofyear(a), weekofyear(a), quarter(a), last_day(a), trunc(a, 'MM'), trunc(a, 'week'), trunc(a, 'quarter'), next_day(a, 'FRI'), date_format(a, 'yyyy-MM-dd EEE'))",
        fc.tuple(day),
        d => {
          const at = utc(d)
          const [y, m, n, w] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate(), at.getUTCDay()]
          const monday = (w + 6) % 7
          const thursday = new Date(at.getTime() + (3 - monday) * DAY)
          const week = Math.floor((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / (7 * DAY)) + 1
          const at1 = (month: number) => iso(new Date(Date.UTC(y, month, 1)))
          return [
            y,
            m + 1,
            n,
            w + 1,
            monday,
            Math.round((at.getTime() - Date.UTC(y, 0, 1)) / DAY) + 1,
            week,
            Math.floor(m / 3) + 1,
            iso(new Date(Date.UTC(y, m, lastDay(y, m)))),
            at1(m),
            iso(new Date(at.getTime() - monday * DAY)),
            at1(Math.floor(m / 3) * 3),
            iso(new Date(at.getTime() + (((5 - w + 6) % 7) + 1) * DAY)),
            `${d} ${['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'][w]}`,
          ].join('|')
        },
        ['date'],
      ),
    PATIENCE_MS,
  )
})

describe('texts that are dates, instants or JSON', () => {
  const two = fc.integer({ min: 0, max: 61 }).map(n => (n % 2 ? String(n) : String(n).padStart(2, '0')))
  const date = fc.tuple(fc.constantFrom('2001', '1999', '12', '20010'), two, two).map(([y, m, d]) => `${y}-${m}-${d}`)
  const clock = fc.tuple(
    fc.constantFrom(' ', 'T', '  '),
    two,
    two,
    fc.constantFrom('', ':5', ':07', ':07.5', ':59.123456789', ':60'),
    fc.constantFrom('', 'Z', '+02:00', '-05:30', 'x'),
  )
  const instant = fc.tuple(date, fc.option(clock)).map(([d, c]) => (c ? `${d}${c[0]}${c[1]}:${c[2]}${c[3]}${c[4]}` : d))

  // Spark's stringToDate: a year of four digits here, and what stands behind a blank or a T is left out.
  const dateOf = (s: string): string | null => {
    const match = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T].*)?$/.exec(s)
    const [y, m, d] = match ? [Number(match[1]), Number(match[2]), Number(match[3])] : [0, 0, 0]
    const at = new Date(Date.UTC(y, m - 1, d))
    return match && at.getUTCMonth() === m - 1 && at.getUTCDate() === d ? at.toISOString().slice(0, 10) : null
  }

  test('a date', () => agree('cast(try_cast(a AS date) AS string)', fc.tuple(instant), dateOf, ['string']), PATIENCE_MS)

  test(
    'an instant',
    () =>
      agree(
        'unix_micros(try_cast(a AS timestamp))',
        fc.tuple(instant),
        s => {
          const match = /^\s*([^ T]+)(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d*))?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(s)
          const day = match && dateOf(match[1]!)
          if (!day) return null
          const [h, m, sec] = [match[2], match[3], match[4]].map(v => Number(v ?? 0)) as [number, number, number]
          // An offset behind minutes without seconds is refused here, which Spark would read.
          if (h > 23 || m > 59 || sec > 59 || (match[6] && match[4] === undefined)) return null
          const offset =
            match[6] && match[6] !== 'Z'
              ? (match[6].startsWith('-') ? -1 : 1) * (Number(match[6].slice(1, 3)) * 60 + Number(match[6].slice(4)))
              : 0
          return (
            (Date.parse(`${day}T00:00:00Z`) / 1000 + h * 3600 + (m - offset) * 60 + sec) * 1e6 +
            Number((match[5] ?? '').slice(0, 6).padEnd(6, '0'))
          )
        },
        ['string'],
      ),
    PATIENCE_MS,
  )

  test(
    'a value of JSON by its path',
    () => {
      const value = fc.letrec(tie => ({
        any: fc.oneof(
          { depthSize: 'small' },
          fc.constantFrom(null, true, 0, 1, -7, 1.5, 0.25, '', 'x', 'ñ"\\'),
          fc.array(tie('any'), { maxLength: 3 }),
          fc.dictionary(fc.constantFrom('a', 'b'), tie('any'), { maxKeys: 2 }),
        ),
      })).any
      return agree(
        "concat_ws('|', coalesce(get_json_object(a, '$.a'), '-'), coalesce(get_json_object(a, '$.a.b[1]'), '-'), coalesce(get_json_object(a, '$[0]'), '-'))",
        fc.tuple(value.map(v => JSON.stringify(v))),
        text => {
          const step = (v: unknown, key: string | number): unknown =>
            (typeof key === 'number' ? Array.isArray(v) : v !== null && typeof v === 'object' && !Array.isArray(v))
              ? (v as Record<string | number, unknown>)[key]
              : undefined
          const shown = (v: unknown) => (v === undefined || v === null ? '-' : typeof v === 'string' ? v : JSON.stringify(v))
          const all = JSON.parse(text) as unknown
          return [shown(step(all, 'a')), shown(step(step(step(all, 'a'), 'b'), 1)), shown(step(all, 0))].join('|')
        },
        ['string'],
      )
    },
    PATIENCE_MS,
  )
})

describe('numbers', () => {
  test(
    'a double is written as Java writes it',
    () => {
      const doubles = fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: -1_000_000, max: 1_000_000 }).map(n => n / 1000),
      )
      return agree(
        'cast(a AS string)',
        fc.tuple(doubles.filter(x => !Object.is(x, -0)).map(String)),
        written => {
          const x = Number(written)
          if (x === 0) return '0.0'
          if (Math.abs(x) >= 1e-3 && Math.abs(x) < 1e7) return Number.isInteger(x) ? `${x}.0` : String(x)
          const [mantissa, exponent] = x.toExponential().split('e')
          return `${mantissa!.includes('.') ? mantissa : `${mantissa}.0`}E${Number(exponent)}`
        },
        ['double'],
      )
    },
    PATIENCE_MS,
  )

  test(
    'whole numbers divide towards zero, and pmod is never negative',
    () => {
      const whole = fc.integer({ min: -1000, max: 1000 })
      return agree(
        "concat_ws('|', a DIV b, a % b, pmod(a, abs(b)), a & b, a | b, a ^ b)",
        fc.tuple(
          whole,
          whole.filter(n => n !== 0),
        ),
        (a, b) =>
          [Math.trunc(a / b), a % b, ((a % Math.abs(b)) + Math.abs(b)) % Math.abs(b), a & b, a | b, a ^ b].map(v => v + 0).join('|'),
        ['int', 'int'],
      )
    },
    PATIENCE_MS,
  )

  test(
    'a text is a whole number, a date or nothing',
    () => {
      const text = fc.string({ unit: fc.constantFrom('1', '2', '0', '-', '+', ' ', '.', 'e', '\t', 'x'), maxLength: 6 })
      return agree(
        'try_cast(a AS int)',
        fc.tuple(text),
        s => (/^[\s]*[+-]?\d+[\s]*$/.test(s) && Math.abs(Number(s)) < 2 ** 31 ? Number(s) + 0 : null),
        ['string'],
      )
    },
    PATIENCE_MS,
  )
})

describe('arrays', () => {
  const items = fc.array(fc.option(fc.integer({ min: 0, max: 4 })), { maxLength: 6 }).map(list => list.map(x => x ?? 'n').join(','))
  const list = (text: string): (number | null)[] => (text === '' ? [] : text.split(',').map(x => (x === 'n' ? null : Number(x))))
  // Arrays are written as texts, `1,n,2`, and read by both sides.
  const read = (column: string) =>
    `transform(filter(split(${column}, ','), x -> x <> ''), x -> CASE WHEN x = 'n' THEN NULL ELSE cast(x AS int) END)`
  const unique = (all: (number | null)[]) => [...new Set(all)]

  test(
    'as sets',
    () =>
      agree(
        `struct(array_distinct(${read('a')}) AS d, array_union(${read('a')}, ${read('b')}) AS u, array_intersect(${read('a')}, ${read('b')}) AS i, array_except(${read('a')}, ${read('b')}) AS e)`,
        fc.tuple(items, items),
        (a, b) => {
          const [x, y] = [list(a), list(b)]
          return {
            d: unique(x),
            u: unique([...x, ...y]),
            i: unique(x).filter(v => y.includes(v)),
            e: unique(x).filter(v => !y.includes(v)),
          }
        },
        ['string', 'string'],
      ),
    PATIENCE_MS,
  )

  test(
    'in order',
    () =>
      agree(
        `struct(sort_array(${read('a')}) AS s, sort_array(${read('a')}, false) AS d, array_sort(${read('a')}) AS l, array_remove(${read('a')}, 2) AS r, array_position(${read('a')}, 3) AS p, array_max(${read('a')}) AS m, size(${read('a')}) AS n, array_compact(${read('a')}) AS c)`,
        fc.tuple(items),
        a => {
          const x = list(a)
          const there = x.filter(v => v !== null).sort((p, q) => p - q)
          const nulls = x.filter(v => v === null)
          return {
            s: [...nulls, ...there],
            d: [...there.toReversed(), ...nulls],
            l: [...there, ...nulls],
            r: x.filter(v => v !== 2),
            p: x.indexOf(3) + 1,
            m: there.at(-1) ?? null,
            n: x.length,
            c: x.filter(v => v !== null),
          }
        },
        ['string'],
      ),
    PATIENCE_MS,
  )
})
