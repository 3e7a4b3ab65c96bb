import { type Judged, report, survivorLines, tableOf } from './report.ts'

const judged = (file: string, status: Judged['status'], by?: string): Judged => ({
  id: '1',
  file,
  line: 3,
  column: 5,
  mutator: 'EqualityOperator',
  original: 'a  <\n  b',
  replacement: 'a <= b',
  hash: 'h',
  status,
  ...(by && { by }),
})
const some = [
  judged('shared/core/a.ts', 'killed', 'test/core/a.test.ts: x'),
  judged('shared/core/a.ts', 'timeout', 'test/simulation seed 3'),
  judged('shared/core/a.ts', 'survived'),
  judged('shared/core/a.ts', 'ignored'),
  judged('shared/engine/b.ts', 'uncovered'),
  judged('shared/engine/b.ts', 'unjudged'),
  judged('shared/engine/c.ts', 'ignored'),
]

test('a row a file, a folder, and all; the score is of those judged', () => {
  const rows = report(some).map(r => [
    r.file,
    r.killed,
    r.bySimulation,
    r.survived,
    r.uncovered,
    r.ignored,
    r.unjudged,
    Math.round(r.score),
  ])
  expect(rows).toEqual([
    ['shared/core/a.ts', 2, 1, 1, 0, 1, 0, 67],
    ['shared/engine/b.ts', 0, 0, 0, 1, 0, 1, 0],
    ['shared/engine/c.ts', 0, 0, 0, 0, 1, 0, 100],
    ['shared/core/', 2, 1, 1, 0, 1, 0, 67],
    ['shared/engine/', 0, 0, 0, 1, 1, 1, 0],
    ['all', 2, 1, 1, 1, 2, 1, 50],
  ])
  expect(tableOf(report(some)).split('\n').at(-1)).toBe('| all | 2 | 1 | 1 | 1 | 2 | 1 | 50.0 % |')
})

test('a survivor is told by where it is and what it changes, in one line', () => {
  expect(survivorLines(some)).toEqual([
    'shared/core/a.ts:3:5 survived EqualityOperator: a < b → a <= b',
    'shared/engine/b.ts:3:5 uncovered EqualityOperator: a < b → a <= b',
  ])
})
