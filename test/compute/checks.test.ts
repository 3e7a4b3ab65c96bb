import type { CheckOn } from '../../shared/task/checks.ts'
import { accepted, between, type Check, custom, decimal, ingest, notNull, rows, unique } from '../../shared/task/index.ts'
import { DAY, day, openWorkplace, sourceOf, type Workplace } from './workplace.ts'

let place: Workplace
beforeAll(async () => {
  place = await openWorkplace()
})
afterAll(() => place.close())

const things = day(
  'things',
  { id: 'int', kind: 'string', price: decimal(8, 2), share: 'double', on: 'date', at: 'timestamp', big: 'bigint', ok: 'boolean' },
  ['id'],
)
const thing = { id: 1, kind: 'a', price: '0.10', share: 0.5, on: '2001-02-14', at: '2001-02-14T05:00:00Z', big: 5n, ok: true }
const checking = (check: Check, ...records: object[]) =>
  place.run(
    ingest({
      source: sourceOf([{ records: records.map((record, i) => ({ ...thing, id: i + 1, ...record })) }]),
      output: things,
      checks: [check as CheckOn<'id'>],
    }),
  )

describe('holds', () => {
  test.each<[Check, object[]]>([
    [rows({ atLeast: 0 }), []],
    [rows({ atLeast: 1, atMost: 2 }), [{}, {}]],
    [notNull('id', 'kind'), [{}]],
    [unique('id'), [{ id: 1 }, { id: 2 }]],
    [unique('share', 'kind'), [{}, { kind: 'b' }]],
    [between('price', 0.1, 0.1), [{}, { price: null }]],
    [between('share', 0, 1), [{ share: 0 }, { share: 1 }]],
    [between('on', '2001-02-14', '2001-02-14'), [{}]],
    [between('at', '2001-02-14T05:00:00Z', '2001-02-14T05:00:00Z'), [{}]],
    [between('kind', 'a', 'b'), [{}]],
    [between('big', 0, 5), [{}]],
    [accepted('kind', ['a', 'it’s', "it's"]), [{}, { kind: "it's" }, { kind: null }]],
    [accepted('ok', [true]), [{}]],
    [accepted('id', [1, 2]), [{ id: 2 }]],
    [custom('none dear', 'select * from things where price > 1'), [{}]],
  ])('%j', async (check, records) => {
    await expect(checking(check, ...records)).resolves.toMatchObject({ rows: records.length })
  })
})

describe('fails and says what was expected and found, with up to three rows', () => {
  test.each<[Check, object[], string]>([
    [rows({ atLeast: 3 }), [{}], 'rows: expected at least 3, found 1'],
    [rows({ atLeast: 1, atMost: 2 }), [{}, {}, {}], 'rows: expected at least 1 and at most 2, found 3'],
    [
      notNull('kind', 'price'),
      [{}, { id: 2, price: null }],
      'notNull: 1 of 2 rows have no kind or no price: {"id":2,"kind":"a","price":null}',
    ],
    [unique('kind'), [{}, {}, {}, { kind: 'b' }], 'unique: 2 of 4 rows repeat kind: {"kind":"a","rows":3}'],
    [unique('kind'), [{ kind: null }, { kind: null }], 'unique: 1 of 2 rows repeat kind: {"kind":null,"rows":2}'],
    [between('price', 0.2, 9), [{}], 'between: 1 of 1 rows have price outside 0.2 to 9: {"id":1,"price":0.1}'],
    [between('share', 0, 1), [{ share: 1.5 }], 'between: 1 of 1 rows have share outside 0 to 1: {"id":1,"share":1.5}'],
    [
      between('on', '2001-02-15', '2001-02-16'),
      [{}],
      'between: 1 of 1 rows have on outside 2001-02-15 to 2001-02-16: {"id":1,"on":"2001-02-14"}',
    ],
    [
      accepted('kind', ['b', 'c']),
      [{}, { id: 2 }, { id: 3 }, { id: 4 }],
      'accepted: 4 of 4 rows have kind other than b, c: {"id":1,"kind":"a"}, {"id":2,"kind":"a"}, {"id":3,"kind":"a"}',
    ],
    [
      custom('none dear', 'select id, price from things where price > 1'),
      [{ price: 2 }],
      'sql: 1 of 1 rows are violations of none dear: {"id":1,"price":2.0}',
    ],
  ])('%j', async (check, records, message) => {
    await expect(checking(check, ...records)).rejects.toMatchObject({
      code: 'CHECK_FAILED',
      failure: 'user',
      message: `things@${DAY}: ${message}`,
    })
  })
})

describe('a key', () => {
  const twice = sourceOf([{ records: [thing, { ...thing, kind: 'b' }, { ...thing, id: 2 }] }])

  test('is a check of every version', async () => {
    const task = ingest({ source: twice, output: things, checks: [unique('id', 'kind')] })
    await expect(place.run(task)).rejects.toMatchObject({
      code: 'CHECK_FAILED',
      message: `things@${DAY}: unique: 1 of 3 rows repeat id: {"id":1,"rows":2}`,
    })
  })

  test('is not checked again where the task checks as much or more', () => {
    const keyed = day('keyed', { id: 'int', kind: 'string' }, ['id', 'kind'])
    const checksOf = (...checks: CheckOn<'id' | 'kind'>[]) => ingest({ source: twice, output: keyed, checks }).checks
    expect(checksOf(unique('kind', 'id'))).toEqual([unique('kind', 'id')])
    expect(checksOf(unique('id'))).toEqual([unique('id')])
    expect(checksOf(notNull('id'))).toEqual([notNull('id'), unique('id', 'kind')])
  })

  test('that is none asks nothing', () => {
    expect(ingest({ source: twice, output: day('keyless', { id: 'int' }) }).checks).toEqual([])
  })
})

test('all that failed is said at once', async () => {
  const source = sourceOf([{ records: [{ ...thing, kind: null }] }])
  const task = ingest({ source, output: things, checks: [notNull('kind'), rows({ atLeast: 2 })] })
  await expect(place.run(task)).rejects.toMatchObject({
    message: expect.stringMatching(/notNull: .*; rows: /),
    place: { file: import.meta.filename },
  })
})

test.each<[string, Check]>([
  ['a column that is not there', notNull('nowhere') as Check],
  ['a dataset that is no input', { check: 'matches', column: 'kind', dataset: 'kinds', datasetColumn: 'kind' }],
  ['a parameter', custom('today', 'select * from things where kind = :partition')],
])('%s is the task’s fault', async (_, check) => {
  await expect(checking(check, {})).rejects.toMatchObject({ code: 'BAD_TASK', failure: 'user' })
})

test('SQL that cannot be is named', async () => {
  await expect(checking(custom('broken', 'select nowhere from things'), {})).rejects.toMatchObject({ code: 'BAD_SQL', failure: 'user' })
})
