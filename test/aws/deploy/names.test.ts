import { names } from '../../../shared/aws/deploy/names.ts'
import { parameterName, secretName } from '../../../shared/aws/secrets.ts'

test('stages share no name', () => {
  const all = (stage: string) => [
    names.bus(stage),
    names.table(stage),
    names.topic(stage),
    names.deadLetters(stage),
    names.scheduleGroup(stage),
    names.scheduleRole(stage),
    names.stack(stage),
    names.stack(stage, 'orders'),
    names.lambda(stage, 'orders', 'decide'),
    names.parameter(stage, 'bus'),
    parameterName(stage, 'ORDERS'),
    secretName(stage, 'ORDERS'),
  ]
  expect(all('dev').filter(name => all('prod').includes(name))).toEqual([])
})

test('a long name is cut, keeps its end, and stays another than its like', () => {
  const long = 'a-task-whose-name-is-so-long-that-lambda-would-refuse-it-in-any-stage'
  const cut = names.lambda('dev', long, 'decide')
  expect(cut).toHaveLength(64)
  expect(cut).toMatch(/^redeye-dev-a-task-whose.*-decide$/)
  expect(cut).not.toBe(names.lambda('dev', `${long}-too`, 'decide'))
})
