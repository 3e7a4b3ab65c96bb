import fc from 'fast-check'
import { toDeclared } from '../../shared/compute/column-type.ts'
import { openSession } from '../../shared/compute/duckdb.ts'
import { readRows } from '../../shared/compute/lake-query.ts'
import { writeParts } from '../../shared/compute/part-files.ts'
import { allRows } from '../../shared/compute/row-stream.ts'
import { RowTable } from '../../shared/compute/row-table.ts'
import type { Session } from '../../shared/compute/session.ts'
import type { Columns } from '../../shared/core/schema.ts'
import { array, decimal, struct } from '../../shared/task/index.ts'
import { day, openWorkplace } from './workplace.ts'

const columns = {
  s: 'string',
  i: 'int',
  b: 'bigint',
  d: 'double',
  t: 'boolean',
  day: 'date',
  at: 'timestamp',
  j: 'json',
  small: decimal(4, 1),
  money: decimal(18, 2),
  large: decimal(38, 10),
  list: array('string'),
  times: array('timestamp'),
  nested: struct({ a: 'int', b: array(struct({ c: decimal(10, 3), d: 'date', e: 'timestamp' })) }),
} as const

const instant = fc
  .tuple(fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }), fc.integer({ min: 0, max: 999_999 }))
  .map(([seconds, micros]) => {
    const fraction = String(micros).padStart(6, '0').replace(/0+$/, '')
    return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`
  })
const date = fc.integer({ min: -719_162, max: 2_932_896 }).map(days => new Date(days * 86_400_000).toISOString().slice(0, 10))
const decimalOf = (precision: number, scale: number) =>
  fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n }).map(unscaled => {
    const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0')
    return `${unscaled < 0n ? '-' : ''}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`
  })
const json = fc.jsonValue({ maxDepth: 2 }).map(value => JSON.parse(JSON.stringify(value)) as unknown)
const nullOr = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const rowOf = fc.record({
  s: nullOr(fc.string({ unit: 'binary' }).filter(s => s.isWellFormed())),
  i: nullOr(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  b: nullOr(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  d: nullOr(fc.double()),
  t: nullOr(fc.boolean()),
  day: nullOr(date),
  at: nullOr(instant),
  j: json,
  small: nullOr(decimalOf(4, 1)),
  money: nullOr(decimalOf(18, 2)),
  large: nullOr(decimalOf(38, 10)),
  list: nullOr(fc.array(nullOr(fc.string()), { maxLength: 3 })),
  times: nullOr(fc.array(nullOr(instant), { maxLength: 3 })),
  nested: nullOr(
    fc.record({
      a: nullOr(fc.integer({ min: 0, max: 9 })),
      b: nullOr(fc.array(nullOr(fc.record({ c: nullOr(decimalOf(10, 3)), d: nullOr(date), e: nullOr(instant) })), { maxLength: 3 })),
    }),
  ),
})

async function session(): Promise<Session> {
  return openSession({ threads: 2 }, { task: 'test', partition: 'all' })
}

test('every value comes back from a file as it went in', async () => {
  const place = await openWorkplace()
  const made = day('everything', columns as Columns)
  await fc.assert(
    fc.asyncProperty(fc.array(rowOf, { minLength: 1, maxLength: 20 }), async rows => {
      const one = await session()
      try {
        const table = new RowTable(one, 't', columns)
        for (const row of rows) table.add(row)
        await table.finish()
        expect(await allRows(one, 't', columns)).toEqual(rows)
        const parts = await writeParts(one, place.lake, 'everything/x/g1-a1', { relation: 't', columns })
        const manifest = { format: 1, schema: '', files: parts.files }
        const { schemaText } = await import('../../shared/core/schema.ts')
        await place.lake.put('everything/x/g1-a1/manifest.json', JSON.stringify({ ...manifest, schema: schemaText(columns) }))
        const versions = [{ partition: 'x', version: 1, folder: 'everything/x/g1-a1' }]
        expect(await readRows(place.lake, { name: made.name, columns, versions }, 100, { threads: 2 })).toEqual(rows)
      } finally {
        one.close()
      }
    }),
    { numRuns: 40 },
  )
  await place.close()
})

describe('a query’s column comes to its declared type', () => {
  const bring = async (sql: string, declared: Parameters<typeof toDeclared>[1]) => {
    const one = await session()
    try {
      const probe = await one.run(`SELECT * FROM (${sql}) LIMIT 0`)
      const [row] = await one.rows(`SELECT ${toDeclared('x', declared, String(probe.columnType(0)))} FROM (${sql})`)
      return row!.x
    } finally {
      one.close()
    }
  }
  test('when it fits', async () => {
    expect(await bring('SELECT 7::BIGINT AS x', 'int')).toBe(7)
    expect(await bring('SELECT 7.0::DOUBLE AS x', 'int')).toBe(7)
    expect(await bring('SELECT NULL::HUGEINT AS x', 'bigint')).toBeNull()
    expect(String(await bring('SELECT 0.1::DOUBLE AS x', decimal(10, 2)))).toBe('0.10')
    expect(String(await bring('SELECT 1.500::DECIMAL(10,3) AS x', decimal(10, 2)))).toBe('1.50')
    expect(await bring('SELECT 1.25::DECIMAL(10,2) AS x', 'double')).toBe(1.25)
  })
  test.each([
    ['SELECT 3000000000::BIGINT AS x', 'int'],
    ['SELECT 1.5::DOUBLE AS x', 'int'],
    ['SELECT 1.005::DECIMAL(10,3) AS x', decimal(10, 2)],
    ['SELECT 123456.0::DOUBLE AS x', decimal(5, 2)],
    ['SELECT 9223372036854775808::HUGEINT AS x', 'bigint'],
    ["SELECT 'abc' AS x", 'date'],
  ] as const)('or fails: %s as %j', async (sql, declared) => {
    await expect(bring(sql, declared)).rejects.toMatchObject({ code: 'BAD_SQL', failure: 'user' })
  })
})
