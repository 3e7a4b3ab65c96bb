import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** List prices of us-east-1 in dollars, for a million unless said otherwise. */
const prices = {
  'DynamoDB write unit': 0.625,
  'DynamoDB read unit': 0.125,
  'EventBridge event': 1,
  'EventBridge schedule': 1,
  'Lambda request': 0.2,
  'S3 put or list': 5,
  'S3 get': 0.4,
  'SNS message': 0.5,
  'SQS message': 0.4,
  'SSM parameter, decrypted by KMS': 3,
  'trace in X-Ray': 5,
} as const
type Priced = keyof typeof prices

const LOG_GB = 0.5
const LAMBDA_GB_SECOND = 0.0000166667
const ALARM = 0.1

/** What the acceptance run has counted: docs/cost-counts.json, in the shape that test/acceptance/bill.ts makes. */
interface Counts {
  runs: number
  /** By service and action, as requests name them: `dynamodb Query`. */
  requests: Record<string, number>
  events: Record<string, number>
  readUnits: number
  writeUnits: number
}

// What two invocations write of a run, START, END and REPORT of Lambda’s included.
const LOG_BYTES_A_RUN = 1500
const TRACED = 0.01

/** What each counted request is billed as; those that are not here cost nothing of themselves. */
const billedAs: Record<string, Priced> = {
  's3 PUT object': 'S3 put or list',
  's3 GET list': 'S3 put or list',
  's3 GET object': 'S3 get',
  's3 HEAD object': 'S3 get',
  'scheduler CreateSchedule': 'EventBridge schedule',
  'sns Publish': 'SNS message',
  'sqs SendMessage': 'SQS message',
  'ssm GetParameter': 'SSM parameter, decrypted by KMS',
}

/** What a million runs cost, by what is billed, in dollars. */
export function costOfMillion(counts: Counts): Map<string, number> {
  const { runs } = counts
  const cost = new Map<string, number>()
  const add = (what: Priced, perRun: number) => cost.set(what, (cost.get(what) ?? 0) + perRun * prices[what])
  add('DynamoDB write unit', counts.writeUnits / runs)
  add('DynamoDB read unit', counts.readUnits / runs)
  add('EventBridge event', sum(Object.values(counts.events)) / runs)
  // Each event wakes at least one function, and each run is one invocation of work; relays take a hundred changes at once, and here one.
  const delivered = sum(Object.values(counts.events)) + (counts.requests['lambda Invoke'] ?? 0)
  add('Lambda request', (delivered + runs) / runs)
  for (const [request, n] of Object.entries(counts.requests)) if (request in billedAs) add(billedAs[request]!, n / runs)
  add('trace in X-Ray', 2 * TRACED)
  cost.set('logs', (LOG_BYTES_A_RUN / 1e9) * 1e6 * LOG_GB)
  return cost
}

// A month has so many quarters of an hour, and a sweep of a task with nothing to do reads the contracts and asks the index six times.
const SWEEPS_A_MONTH = 96 * 30.4
const SWEEP_S = 0.15
const SWEEP_GB = 0.5
const CONTRACT_BYTES = 600
const UNIT_BYTES = 4096
const INDEX_READS = 6
const SWEEP_LOG_BYTES = 400

/** What so many deployed tasks cost a month in which nothing happens, in dollars, by what is billed. */
export function idleMonth(tasks: number): Map<string, number> {
  const sweeps = (tasks + 1) * SWEEPS_A_MONTH
  // A task's contract and its output's.
  const units = Math.ceil((2 * tasks * CONTRACT_BYTES) / UNIT_BYTES) + INDEX_READS * 0.5
  return new Map([
    ['sweeps: Lambda requests', (sweeps * prices['Lambda request']) / 1e6],
    ['sweeps: Lambda’s time', sweeps * SWEEP_S * SWEEP_GB * LAMBDA_GB_SECOND],
    ['sweeps: the ledger', (sweeps * units * prices['DynamoDB read unit']) / 1e6],
    ['sweeps: logs', ((sweeps * SWEEP_LOG_BYTES) / 1e9) * LOG_GB],
    ['six alarms', 6 * ALARM],
  ])
}

const TASKS = 100

/** docs/cost.md. */
export function costPage(root: string): string {
  const file = join(root, 'docs/cost-counts.json')
  const counts = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Counts) : undefined
  return `${[
    '# Cost',
    '',
    'Requests are counted by the acceptance run, where they pass a meter; prices are list prices of us-east-1. Compute is apart: a `work` of 1769 MB costs',
    `$${(1.769 * LAMBDA_GB_SECOND * 3600).toFixed(2)} an hour in which it works. This page is made by docs/cost-page.ts.`,
    '',
    '## A million runs',
    '',
    'The formula: what a run asks of each service, times what a million of that costs.',
    '',
    ...(counts ? table(costOfMillion(counts), 'billed', 'dollars a million runs') : priceTable()),
    '',
    ...(counts
      ? [`Counted over ${counts.runs} runs. Step Functions Standard asks $25 for a million transitions, of which a run takes several.`]
      : ['docs/cost-counts.json, which the acceptance run writes, is not there: these are the prices alone.']),
    '',
    `## ${TASKS} tasks with nothing to do, a month`,
    '',
    'Nothing is polled. What remains is the sweep: each task looks four times an hour whether anything was lost.',
    '',
    ...table(idleMonth(TASKS), 'billed', 'dollars a month'),
    '',
    'A small managed Airflow is about $358. The network, for those whose sources need one, is apart: a NAT gateway is $33 a month, and each of the nine',
    'interface endpoints $7.30 in each of two zones.',
  ].join('\n')}\n`
}

function priceTable(): string[] {
  const rows = Object.entries(prices).map(([what, price]) => `| ${what} | ${price} |`)
  return ['| billed | dollars a million |', '| --- | ---: |', ...rows, `| logs, a gigabyte | ${LOG_GB} |`]
}

function table(costs: Map<string, number>, what: string, unit: string): string[] {
  const rows = [...costs].map(([name, dollars]) => `| ${name} | ${dollars.toFixed(2)} |`)
  return [`| ${what} | ${unit} |`, '| --- | ---: |', ...rows, `| **in all** | **${sum([...costs.values()]).toFixed(2)}** |`]
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
