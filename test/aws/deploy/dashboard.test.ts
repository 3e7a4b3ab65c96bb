import { names } from '../../../shared/aws/deploy/names.ts'
import { dashboard } from '../../../shared/aws/deploy/platform/dashboard.ts'
import { settings } from './tasks.ts'

interface Widget {
  properties: { title: string; metrics: [[{ expression?: string }]] }
}
const body = (dashboard(settings()).Dashboard!.Properties!.DashboardBody as { 'Fn::Sub': string })['Fn::Sub']
const { widgets } = JSON.parse(body) as { widgets: Widget[] }
const searches = new Map(
  widgets.flatMap(({ properties: p }) => (p.metrics[0][0].expression ? [[p.title, p.metrics[0][0].expression]] : [])),
)

/** A name's words, as CloudWatch cuts it: a number is a word of its own, and signs are none. */
const wordsOf = (name: string) => ` ${(name.match(/[a-z]+|\d+/g) ?? []).join(' ')} `

/**
 * Whether a search finds a function's metric: words are found one after the other, in quotes as a whole (CloudWatch's guide: search expression
 * syntax).
 */
function finds(expression: string, name: string): boolean {
  const [, metric, term] = /^SEARCH\('\{AWS\/Lambda,FunctionName\} MetricName="(\w+)" (.+)', '\w+', 300\)$/.exec(expression)!
  const has = (text: string) =>
    text.startsWith('"') ? text === `"${name}"` || text === `"${metric}"` : wordsOf(name).includes(wordsOf(text))
  const parts = [...term!.matchAll(/(NOT )?(?:\((.+?)\)|(\S+))/g)]
  return parts.every(([, not, either, one]) => (either ? either.split(' OR ') : [one!]).some(has) === !not)
}

const functions = (stage: string) => [
  ...['orders', 'work-orders', 'eu-orders'].flatMap(task => ['decide', 'work'].map(name => names.lambda(stage, task, name))),
  names.lambda(stage, 'platform', 'relay'),
]
const found = (title: string) =>
  ['dev', 'dev-eu', 'dev2', 'my-dev', 'prod'].flatMap(functions).filter(name => finds(searches.get(title)!, name))
const ofDev = (name: string) => functions('dev').filter(f => f.endsWith(`-${name}`))

test('the dashboard finds what a task has been called since, in its own stage alone', () => {
  expect(found('Attempts (invocations of work)')).toEqual(ofDev('work'))
  expect(found('How long attempts take')).toEqual(ofDev('work'))
  expect(found('Decisions')).toEqual(ofDev('decide'))
  expect(found('Errors')).toEqual(functions('dev'))
  expect(found('Throttled')).toEqual(functions('dev'))
})

test('what it searches for', () => {
  expect([...searches.values()]).toEqual([
    `SEARCH('{AWS/Lambda,FunctionName} MetricName="Invocations" redeye-dev-task work NOT decide', 'Sum', 300)`,
    `SEARCH('{AWS/Lambda,FunctionName} MetricName="Duration" redeye-dev-task work NOT decide', 'p90', 300)`,
    `SEARCH('{AWS/Lambda,FunctionName} MetricName="Invocations" redeye-dev-task decide', 'Sum', 300)`,
    `SEARCH('{AWS/Lambda,FunctionName} MetricName="Errors" (redeye-dev-task OR redeye-dev-platform)', 'Sum', 300)`,
    `SEARCH('{AWS/Lambda,FunctionName} MetricName="Throttles" (redeye-dev-task OR redeye-dev-platform)', 'Sum', 300)`,
  ])
})

test('it names no task', () => {
  expect(body).not.toContain('airport')
})
