import { RedeyeError } from '../../shared/core/errors.ts'
import { errorText } from '../../shared/task/error-text.ts'

const inProject = { declared: { file: '/home/me/company/services/airport-day/task.ts', line: 1, column: 1 } }
const file = '/home/me/company/services/airport-day/airport-day.sql'

test.each([
  ['all of it', { file, line: 4, column: 8, remedy: 'mend it' }, 'it is wrong (services/airport-day/airport-day.sql:4:8); mend it'],
  ['a file alone', { file }, 'it is wrong (services/airport-day/airport-day.sql)'],
  ['no place', { remedy: 'mend it' }, 'it is wrong; mend it'],
  ['nothing else', {}, 'it is wrong'],
])('an error with %s', (_, more, text) => expect(errorText(new RedeyeError('BAD_SQL', 'it is wrong', more), inProject)).toBe(text))

test('a task that was built knows its file within the project only', () => {
  const built = { declared: { file: 'services/airport-day/task.ts', line: 1, column: 1 } }
  const error = new RedeyeError('BAD_SQL', 'it is wrong', { file: 'services/airport-day/airport-day.sql' })
  expect(errorText(error, built)).toBe('it is wrong (services/airport-day/airport-day.sql)')
})
