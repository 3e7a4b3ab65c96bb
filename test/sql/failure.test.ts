import { failureText } from '../../shared/sql/failure.ts'
import { Bench } from './query.ts'

test.each([
  ["cast('SFO' AS int)", 'not a whole number: SFO'],
  ["cast('SFO' AS double)", 'not a number: SFO'],
  ["cast('SFO' AS decimal(4, 1))", 'not a number: SFO'],
  ["cast('2001-13' AS date)", 'not a date: 2001-13'],
  ["cast('20010203' AS date)", 'not a date: 20010203'],
  ["cast('5 o''clock' AS timestamp)", 'not a timestamp: 5 oclock'],
  ["cast('maybe' AS boolean)", 'not a boolean: maybe'],
  ["to_date('2001-2-14', 'yyyy-MM-dd')", 'not by the pattern: 2001-2-14'],
  ['1 / 0', 'division by zero'],
  ['1.5 % 0', 'division by zero'],
  ['array(1, 2)[2]', 'no item 2 in an array of 2'],
  ['elt(3, 1)', 'elt has no value 3'],
  ["upper('ﬁn')", 'a letter without one capital: ﬁn'],
])('%s says %s', async (expression, said) => {
  const bench = await Bench.open()
  const error: Error = await bench.value(expression).then(
    () => new Error('it did not fail'),
    cause => cause,
  )
  bench.close()
  expect(failureText(error.message)).toBe(said ?? error.message)
})
