import fc from 'fast-check'
import { compileSql, type SqlInput } from '../../shared/sql/compile.ts'
import { tokens } from '../../shared/sql/parse/lexer.ts'

const inputs: SqlInput[] = [{ alias: 'flights', columns: { origin: 'string', delay: 'int', day: 'date', tags: { array: 'string' } } }]

const statements = [
  "SELECT origin, count(*) AS n, avg(delay) FILTER (WHERE delay > 0) AS a FROM flights WHERE day BETWEEN date'2001-02-01' AND :end GROUP BY origin HAVING n > 1 ORDER BY 2 DESC LIMIT 3",
  'WITH a AS (SELECT * FROM flights f LEFT JOIN flights g USING (origin)), b(x) AS (VALUES (1), (2)) SELECT a.origin, b.x FROM a, b WHERE EXISTS (SELECT 1 FROM b WHERE x = a.delay)',
  "SELECT CASE origin WHEN 'SFO' THEN transform(tags, (t, i) -> t || i) ELSE array() END AS v, rank() OVER (PARTITION BY origin ORDER BY day ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM flights",
  "SELECT * FROM (SELECT origin, delay FROM flights) PIVOT (sum(delay) AS s FOR origin IN ('SFO', 'LAX' AS l)) UNION ALL SELECT 1, 2 EXCEPT SELECT cast(origin AS int), delay FROM flights",
  "SELECT origin, t FROM flights LATERAL VIEW OUTER explode(split(origin, '-')) v AS t WHERE NOT (delay IS NULL OR origin LIKE 'a%' ESCAPE '/') AND day > day - INTERVAL 1 DAY",
]

/** A statement with some of its tokens left out, doubled, swapped or replaced by another's. */
const broken = fc
  .tuple(
    fc.constantFrom(...statements),
    fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom('drop', 'double', 'swap', 'replace')), { minLength: 1, maxLength: 4 }),
  )
  .map(([statement, edits]) => {
    const words = tokens(statement)
      .slice(0, -1)
      .map(t => (t.text.length === t.end - t.at ? statement.slice(t.at, t.end) : t.text))
    for (const [a, b, edit] of edits) {
      const [i, j] = [a % words.length, b % words.length]
      if (edit === 'drop') words.splice(i, 1)
      else if (edit === 'double') words.splice(i, 0, words[i]!)
      else if (edit === 'swap') [words[i], words[j]] = [words[j]!, words[i]!]
      else words[i] = words[j]!
      if (words.length === 0) return ''
    }
    return words.join(' ')
  })

test('no statement makes the compiler fail, and every finding stands within it', () => {
  fc.assert(
    fc.property(broken, sql => {
      const { findings, duckdb } = compileSql(sql, inputs, undefined)
      for (const f of findings) {
        expect(f.line).toBe(1)
        expect(f.column).toBeGreaterThanOrEqual(1)
        expect(f.column).toBeLessThanOrEqual(sql.length + 1)
        expect(f.remedy).not.toBe('')
      }
      if (findings.some(f => f.severity === 'error')) expect(duckdb).toBeUndefined()
    }),
    { numRuns: 400 },
  )
})

test('the same statement gives the same text', () => {
  for (const sql of statements) expect(compileSql(sql, inputs, undefined)).toEqual(compileSql(sql, inputs, undefined))
})

test('any text at all is compiled or refused', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60 }), text => void compileSql(`SELECT ${text}`, inputs, undefined)),
    { numRuns: 400 },
  )
})
