import fc from 'fast-check'
import { fitRow, fitter } from '../../shared/core/fit.ts'
import type { Columns, ColumnType } from '../../shared/core/schema.ts'

const fitOne = (type: ColumnType, value: unknown): unknown => {
  const fitted = fitRow({ v: value }, { v: type })
  return 'row' in fitted ? fitted.row.v : { refused: fitted.reason }
}
const refused = (type: ColumnType, value: unknown) => {
  const fitted = fitRow({ v: value }, { v: type })
  return 'reason' in fitted ? fitted.reason : `fitted as ${String(fitted.row.v)}`
}

describe('each type takes what it holds exactly', () => {
  test.each<[ColumnType, unknown, unknown]>([
    ['string', 'text', 'text'],
    ['string', '', ''],
    ['string', 7, '7'],
    ['string', 7n, '7'],
    ['string', true, 'true'],
    ['int', ' 42 ', 42],
    ['int', '-2147483648', -2147483648],
    ['int', 2147483647n, 2147483647],
    ['int', '12.0', 12],
    ['int', -0, 0],
    ['bigint', '9223372036854775807', 9223372036854775807n],
    ['bigint', -5, -5n],
    ['bigint', '+3.', 3n],
    ['double', '1e3', 1000],
    ['double', '.5', 0.5],
    ['double', 3n, 3],
    ['boolean', 'FALSE', false],
    ['boolean', 1, true],
    ['boolean', 'n', false],
    ['date', '2001-02-14', '2001-02-14'],
    ['date', '2001-02-14 00:00:00', '2001-02-14'],
    ['date', new Date('2001-02-14T00:00:00Z'), '2001-02-14'],
    ['date', '2000-02-29', '2000-02-29'],
    ['timestamp', '2001-02-14T05:00:00Z', '2001-02-14T05:00:00Z'],
    ['timestamp', '2001-02-14 05:00', '2001-02-14T05:00:00Z'],
    ['timestamp', '2001-02-14T05:00:00.120000-06:00', '2001-02-14T11:00:00.12Z'],
    ['timestamp', '2001-02-14T23:30:00+0530', '2001-02-14T18:00:00Z'],
    ['timestamp', '2001-02-14', '2001-02-14T00:00:00Z'],
    ['timestamp', '2001-02-14T05:00:00.123456000Z', '2001-02-14T05:00:00.123456Z'],
    ['timestamp', new Date(0), '1970-01-01T00:00:00Z'],
    ['json', { a: [1, null, 'x'] }, { a: [1, null, 'x'] }],
    ['json', '{"a":1}', '{"a":1}'],
    [{ decimal: [8, 2] }, '12.5', '12.50'],
    [{ decimal: [8, 2] }, 12.5, '12.50'],
    [{ decimal: [8, 2] }, '-0', '0.00'],
    [{ decimal: [8, 2] }, '1.2345e2', '123.45'],
    [{ decimal: [4, 4] }, '1E-4', '0.0001'],
    [{ decimal: [3, 0] }, '00120', '120'],
    [{ decimal: [38, 0] }, 10n ** 37n, `1${'0'.repeat(37)}`],
    [{ array: 'int' }, ['1', null, 2], [1, null, 2]],
    [{ array: 'int' }, '[1,2]', [1, 2]],
    [{ struct: { a: 'int', b: 'string' } }, { a: '1', c: 0 }, { a: 1, b: null }],
    [{ array: { struct: { a: 'int' } } }, '[{"a":1}]', [{ a: 1 }]],
  ])('%j takes %p as %p', (type, value, expected) => {
    expect(fitOne(type, value)).toEqual(expected)
  })
})

describe('what a type cannot hold is refused, with column, value and type', () => {
  test.each<[ColumnType, unknown, string]>([
    ['int', '1.5', 'v: received "1.5", expected int'],
    ['int', 1.5, 'v: received 1.5, expected int'],
    ['int', 2147483648, 'v: received 2147483648, expected int'],
    ['int', '', 'v: received "", expected int'],
    ['int', true, 'v: received true, expected int'],
    ['int', '1e3', 'v: received "1e3", expected int'],
    ['int', Number.NaN, 'v: received NaN, expected int'],
    ['bigint', '9223372036854775808', 'v: received "9223372036854775808", expected bigint'],
    ['bigint', 2 ** 53, 'v: received 9007199254740992, expected bigint'],
    ['double', 'abc', 'v: received "abc", expected double'],
    ['double', '1e999', 'v: received "1e999", expected double'],
    ['double', '1e-999', 'v: received "1e-999", expected double'],
    ['double', 'NaN', 'v: received "NaN", expected double'],
    ['boolean', 'maybe', 'v: received "maybe", expected boolean'],
    ['boolean', 2, 'v: received 2, expected boolean'],
    ['date', '2001-02-29', 'v: received "2001-02-29", expected date (2001-02-14)'],
    ['date', '2001-02-14 05:00:00', 'v: received "2001-02-14 05:00:00", expected date (2001-02-14)'],
    ['date', '14/02/2001', 'v: received "14/02/2001", expected date (2001-02-14)'],
    ['date', new Date(Number.NaN), 'v: received the date that is invalid, expected date (2001-02-14)'],
    ['timestamp', 982130400, 'v: received 982130400, expected timestamp (2001-02-14T05:00:00Z)'],
    ['timestamp', '2001-02-14T24:00:00Z', 'v: received "2001-02-14T24:00:00Z", expected timestamp (2001-02-14T05:00:00Z)'],
    ['timestamp', '2001-02-14T05:00:00.1234567Z', 'v: received "2001-02-14T05:00:00.1234567Z", expected timestamp (2001-02-14T05:00:00Z)'],
    ['string', { a: 1 }, 'v: received an object with a, expected string'],
    ['string', ['a'], 'v: received an array of 1, expected string'],
    ['string', new Uint8Array(3), 'v: received 3 bytes, expected string'],
    ['string', '\ud800', 'v: received "\\ud800", expected string'],
    ['json', 2n ** 60n + 1n, 'v: received 1152921504606846977, expected json'],
    [{ decimal: [4, 2] }, '123.45', 'v: received "123.45", expected decimal(4,2)'],
    [{ decimal: [8, 2] }, '1.234', 'v: received "1.234", expected decimal(8,2)'],
    [{ decimal: [8, 2] }, 0.1 + 0.2, 'v: received 0.30000000000000004, expected decimal(8,2)'],
    [{ decimal: [8, 2] }, '.', 'v: received ".", expected decimal(8,2)'],
    [{ decimal: [8, 2] }, '1e9999', 'v: received "1e9999", expected decimal(8,2)'],
    [{ array: 'int' }, [1, 'x'], 'v[1]: received "x", expected int'],
    [{ array: 'int' }, 'x', 'v: received "x", expected array'],
    [{ array: { struct: { a: { array: 'int' } } } }, [{ a: [1] }, { a: [1, 'x'] }], 'v[1].a[1]: received "x", expected int'],
    [{ struct: { a: 'int' } }, [1], 'v: received an array of 1, expected struct'],
    [{ struct: { a: 'int' } }, { a: 'x' }, 'v.a: received "x", expected int'],
  ])('%j refuses %p', (type, value, reason) => {
    expect(refused(type, value)).toBe(reason)
  })

  test('a long value is shortened', () => {
    expect(refused('int', 'x'.repeat(1000))).toBe(`v: received "${'x'.repeat(60)}…", expected int`)
  })

  test('an object that holds itself is no JSON', () => {
    const loop: Record<string, unknown> = {}
    loop.self = loop
    expect(refused('json', loop)).toMatch('expected json')
  })
})

describe('at the edges of each type', () => {
  const long = (digits: number) => '0'.repeat(digits - 1)
  test.each<[ColumnType, unknown, unknown]>([
    ...['true', 't', 'yes', 'Y', ' 1 '].map((word): [ColumnType, unknown, unknown] => ['boolean', word, true]),
    ...['false', 'f', 'No', 'n', '0'].map((word): [ColumnType, unknown, unknown] => ['boolean', word, false]),
    ['boolean', true, true],
    ['boolean', false, false],
    ['boolean', 1n, true],
    ['boolean', 0n, false],
    ['boolean', 0, false],
    ['string', 1.5, '1.5'],
    ['json', true, true],
    ['json', 5n, 5],
    ['json', null, null],
    ['json', { a: undefined, b: [undefined] }, { b: [null] }],
    [{ struct: { a: 'int' } }, '{"a":"1"}', { a: 1 }],
    ['date', '2001-04-30', '2001-04-30'],
    ['date', '2001-06-30', '2001-06-30'],
    ['date', '2001-12-31', '2001-12-31'],
    ['date', '2004-02-29', '2004-02-29'],
    ['date', '0001-01-01', '0001-01-01'],
    ['timestamp', '2001-02-14T05:00:00UTC', '2001-02-14T05:00:00Z'],
    ['timestamp', '2001-02-14T05:00:00+18:59', '2001-02-13T10:01:00Z'],
    ['int', `${long(60)}7`, 7],
    [{ decimal: [3, 1] }, '+99.9', '99.9'],
    [{ decimal: [3, 1] }, '-.5', '-0.5'],
    [{ decimal: [3, 0] }, '1.2e2', '120'],
    [{ decimal: [5, 3] }, '123.4e-2', '1.234'],
  ])('%j takes %p as %p', (type, value, expected) => expect(fitOne(type, value)).toEqual(expected))

  test.each<[ColumnType, unknown]>([
    ['boolean', ''],
    ['boolean', 'truest'],
    ['boolean', 2n],
    ['boolean', {}],
    ['date', '2001-04-31'],
    ['date', '2001-06-31'],
    ['date', '2001-09-31'],
    ['date', '2001-11-31'],
    ['date', '2001-12-32'],
    ['date', '2001-13-01'],
    ['date', '2001-00-10'],
    ['date', '0000-10-10'],
    ['date', '2001-10-00'],
    ['date', '1900-02-29'],
    ['date', '2001-02-30'],
    ['timestamp', '2001-02-14T05:00:00+19:00'],
    ['timestamp', '2001-02-14T05:00:00+05:60'],
    ['timestamp', '9999-12-31T23:59:59-01:00'],
    ['timestamp', '0001-01-01T00:00:00+01:00'],
    ['json', Number.NaN],
    ['json', [Number.NaN]],
    ['json', { a: Number.POSITIVE_INFINITY }],
    ['json', ['\ud800']],
    ['json', { '\ud800': 1 }],
    ['json', () => 1],
    ['json', [Symbol('x')]],
    ['json', new Date(0)],
    ['string', Number.NaN],
    [{ array: 'int' }, '{"a":1}'],
    [{ struct: { a: 'int' } }, '[1]'],
    [{ struct: { a: 'int' } }, 'null'],
    [{ decimal: [3, 1] }, '1e5'],
    [{ decimal: [3, 1] }, '1.5x'],
    [{ decimal: [3, 1] }, 'x1.5'],
    [{ decimal: [3, 1] }, '100'],
    [{ decimal: [3, 1] }, ''],
    [{ decimal: [3, 1] }, {}],
    ['double', 10n ** 400n],
    ['double', {}],
    ['bigint', 2n ** 63n],
    ['bigint', true],
  ])('%j refuses %p', (type, value) => {
    expect(refused(type, value)).toMatch(/^v.*: received .*, expected /)
  })

  test('what was received is told by its kind', () => {
    const received = (value: unknown) => /received (.*), expected/.exec(refused('boolean', value))![1]
    expect(received({})).toBe('an object with no fields')
    expect(received({ a: 1, b: 2 })).toBe('an object with a, b')
    expect(received([1, 2])).toBe('an array of 2')
    expect(received(() => 1)).toBe('a function')
    expect(received(Symbol('x'))).toBe('a symbol')
    expect(received(5n)).toBe('5')
    expect(received(new Date(0))).toBe('the date 1970-01-01T00:00:00.000Z')
    expect(received('x'.repeat(60))).toBe(`"${'x'.repeat(60)}"`)
    expect(received('x'.repeat(61))).toBe(`"${'x'.repeat(60)}…"`)
    expect(received(10n ** 59n)).toBe(`${10n ** 59n}`)
    expect(received(10n ** 60n)).toBe(`1${'0'.repeat(59)}…`)
  })

  test('JSON goes five hundred levels deep', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
    expect(refused('json', nested(501))).toMatch('expected json')
    expect(fitOne('json', nested(499))).toEqual(nested(499))
  })
})

describe('records', () => {
  const fitRecord = fitter({ id: 'int', constructor: 'string' } as const)
  test('absent fields are null, fields that are no column are left out, inherited ones are not there', () => {
    expect(fitRecord({ id: 1, other: 2 })).toEqual({ row: { id: 1, constructor: null } })
    expect(fitRecord({ constructor: 'x', id: undefined })).toEqual({ row: { id: null, constructor: 'x' } })
  })
  test('a column called __proto__ is a column', () => {
    const columns: Columns = JSON.parse('{"__proto__":"int"}')
    const fitted = fitRow(JSON.parse('{"__proto__":"5"}'), columns)
    expect(JSON.stringify(fitted)).toBe('{"row":{"__proto__":5}}')
  })
})

const types: fc.Arbitrary<ColumnType> = fc.letrec<{ type: ColumnType }>(tie => ({
  type: fc.oneof(
    { maxDepth: 2 },
    fc.constantFrom<ColumnType>('string', 'int', 'bigint', 'double', 'boolean', 'date', 'timestamp', 'json'),
    fc.integer({ min: 1, max: 38 }).chain(p => fc.integer({ min: 0, max: p }).map((s): ColumnType => ({ decimal: [p, s] }))),
    tie('type').map((array): ColumnType => ({ array })),
    fc.dictionary(fc.string({ maxLength: 5 }), tie('type'), { maxKeys: 3 }).map((struct): ColumnType => ({ struct })),
  ),
})).type
const columns: fc.Arbitrary<Columns> = fc.dictionary(fc.string({ maxLength: 5 }), types, { maxKeys: 4 })

describe('properties', () => {
  test('whatever comes, a record fits or has a reason, and fitting a fitted row changes nothing', () => {
    fc.assert(
      fc.property(
        columns,
        fc.dictionary(fc.string({ maxLength: 5 }), fc.anything({ withBigInt: true, withDate: true })),
        (declared, record) => {
          const first = fitter(declared)({ ...record })
          if ('reason' in first) return first.reason.includes('expected')
          expect(Object.keys(first.row).sort()).toEqual(Object.keys(declared).sort())
          expect(fitter(declared)(first.row)).toEqual(first)
          return true
        },
      ),
    )
  })
  test('whole numbers survive as numbers, text and bigints, or are refused', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 65n), max: 2n ** 65n }), n => {
        const fits = n >= -(2n ** 63n) && n < 2n ** 63n
        expect(fitOne('bigint', String(n))).toEqual(fits ? n : { refused: expect.any(String) })
        expect(fitOne('bigint', n)).toEqual(fits ? n : { refused: expect.any(String) })
        expect(fitOne('int', n)).toEqual(BigInt.asIntN(32, n) === n ? Number(n) : { refused: expect.any(String) })
      }),
    )
  })
  test('a double comes back from its own text', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), d => {
        expect(fitOne('double', d)).toBe(d)
        // JavaScript writes a negative zero as `0`; SQL writes it with its sign.
        expect(fitOne('double', Object.is(d, -0) ? '-0.0' : String(d))).toBe(d)
      }),
    )
  })
  test('a decimal keeps its value to the last digit, however it is written', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 20n) + 1n, max: 10n ** 20n - 1n }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: -30, max: 30 }),
        (unscaled, scale, exponent) => {
          const text = `${unscaled}e${exponent - scale}`
          const fitted = fitOne({ decimal: [60, 30] }, text)
          const shift = 30 + exponent - scale
          const exact = shift >= 0 ? unscaled * 10n ** BigInt(shift) : unscaled / 10n ** BigInt(-shift)
          const isExact = shift >= 0 || exact * 10n ** BigInt(-shift) === unscaled
          if (!isExact || (exact < 0n ? -exact : exact) >= 10n ** 60n) return expect(fitted).toEqual({ refused: expect.any(String) })
          expect(BigInt(String(fitted).replace('.', ''))).toBe(exact)
          expect(String(fitted)).toMatch(/^-?(0|[1-9]\d*)\.\d{30}$/)
        },
      ),
    )
  })
  test('an instant is the same instant in every offset', () => {
    const instants = fc.date({ min: new Date('0002-01-01T00:00:00Z'), max: new Date('9998-12-31T00:00:00Z'), noInvalidDate: true })
    fc.assert(
      fc.property(instants, fc.integer({ min: -18 * 60, max: 18 * 60 }), (at, minutes) => {
        const local = new Date(at.getTime() + minutes * 60_000).toISOString().slice(0, -1)
        const two = (n: number) => String(n).padStart(2, '0')
        const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`
        expect(Date.parse(String(fitOne('timestamp', local + offset)))).toBe(at.getTime())
      }),
    )
  })
})
