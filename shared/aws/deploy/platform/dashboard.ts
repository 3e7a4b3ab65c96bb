import { endOfStage, names, stageOfAccount } from '../names.ts'
import type { StageSettings } from '../stage-settings.ts'
import type { Resources } from '../template.ts'

interface Metrics {
  title: string
  metrics: unknown[]
  stat?: string
}

/**
 * One dashboard, of metrics that AWS keeps anyway; it finds functions by their names, so it knows tasks that are not there yet. CloudWatch
 * searches for words: what stands in quotes is a whole name, and `redeye-prod-task` without any is these three words one after the other,
 * anywhere in a name. That the last one ends the stage leaves out `prod-eu`.
 */
export function dashboard(settings: StageSettings): Resources {
  const { stage } = settings
  const lambda = (metric: string, stat: string, which: string) => [
    { expression: `SEARCH('{AWS/Lambda,FunctionName} MetricName="${metric}" ${which}', '${stat}', 300)`, id: 'e1', label: '' },
  ]
  const [tasks, platform] = endOfStage.map(end => `redeye-${stage}-${end}`)
  const all = `(${tasks} OR ${platform})`
  // A task may have the word in its name, as work-orders has.
  const work = `${tasks} work NOT decide`
  const relay = names.lambda(stage, 'platform', 'relay')
  const widgets: Metrics[] = [
    { title: 'Attempts (invocations of work)', metrics: [lambda('Invocations', 'Sum', work)] },
    { title: 'How long attempts take', metrics: [lambda('Duration', 'p90', work)], stat: 'p90' },
    { title: 'Decisions', metrics: [lambda('Invocations', 'Sum', `${tasks} decide`)] },
    { title: 'Errors', metrics: [lambda('Errors', 'Sum', all)] },
    { title: 'Throttled', metrics: [lambda('Throttles', 'Sum', all)] },
    { title: 'How far the relay is behind, ms', metrics: [['AWS/Lambda', 'IteratorAge', 'FunctionName', relay]], stat: 'Maximum' },
    {
      title: 'What the ledger is billed',
      metrics: [
        ['AWS/DynamoDB', 'ConsumedReadCapacityUnits', 'TableName', names.table(stage)],
        ['AWS/DynamoDB', 'ConsumedWriteCapacityUnits', 'TableName', names.table(stage)],
      ],
    },
    {
      title: 'Dead letters',
      metrics: [['AWS/SQS', 'ApproximateNumberOfMessagesVisible', 'QueueName', names.deadLetters(stage)]],
      stat: 'Maximum',
    },
  ]
  const body = { widgets: widgets.map(widget) }
  return {
    Dashboard: {
      Type: 'AWS::CloudWatch::Dashboard',
      Properties: { DashboardName: `redeye-${stageOfAccount(settings)}`, DashboardBody: { 'Fn::Sub': JSON.stringify(body) } },
    },
  }
}

const COLUMNS = 2
const WIDTH = 12
const HEIGHT = 6

const widget = ({ title, metrics, stat = 'Sum' }: Metrics, at: number) => ({
  type: 'metric',
  x: (at % COLUMNS) * WIDTH,
  y: Math.floor(at / COLUMNS) * HEIGHT,
  width: WIDTH,
  height: HEIGHT,
  properties: { title, metrics, stat, period: 300, view: 'timeSeries', region: `\${AWS::Region}` },
})
