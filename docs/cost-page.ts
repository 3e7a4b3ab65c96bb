import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** List prices of us-east-1 in dollars for a million, as the pages named in docs/cost.md say them. */
const prices = {
  'DynamoDB write unit': 0.625,
  'DynamoDB read unit': 0.125,
  'EventBridge event': 1,
  'megabyte of events archived': 100,
  'EventBridge schedule': 1,
  'Lambda request': 0.2,
  'S3 put or list': 5,
  'S3 get': 0.4,
  'SNS message': 0.5,
  'SQS message': 0.4,
  'SSM parameter, decrypted by KMS': 3,
  'trace in X-Ray': 5,
  'megabyte of logs': 500,
} as const
type Priced = keyof typeof prices

/** What the first goal speaks of; the second is about everything. */
const busLedgerFunctions: readonly Priced[] = [
  'DynamoDB write unit',
  'DynamoDB read unit',
  'EventBridge event',
  'megabyte of events archived',
  'EventBridge schedule',
  'Lambda request',
]
const goals = { busLedgerFunctions: 6, all: 20, idle: 5, medianWriteUnits: 5, documentBytes: 1024 }

const LAMBDA_GB_SECOND = 0.0000166667
const ALARM = 0.1
const METRIC = 0.3

/** What the acceptance run has counted: docs/cost-counts.json, as test/acceptance/bill.ts makes it. */
interface Counts {
  runs: number
  /** By service and action, as requests name them: `dynamodb Query`. */
  requests: Record<string, number>
  events: Record<string, number>
  /** By the function's name within its service. */
  invocations: Record<string, number>
  logBytes: number
  eventBytes: number
  readUnits: number
  /** By the first word of the document's key: `graph`, `run`. */
  readUnitsByKind: Record<string, number>
  writeUnits: number
  medianWriteUnits: number
  medianWriteUnitsOfDocument: number
  medianDocumentBytes: number
  largestDocumentBytes: number
}

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
  'ssm GetParameter SecureString': 'SSM parameter, decrypted by KMS',
}

/** What a run asks, by what is billed: a million of them cost as many times its price. */
export function askedOfRun(counts: Omit<Counts, `median${string}` | `largest${string}` | 'readUnitsByKind'>): Map<Priced, number> {
  const { runs } = counts
  const asked = new Map<Priced, number>()
  const add = (what: Priced, n: number) => asked.set(what, (asked.get(what) ?? 0) + n / runs)
  const invocations = sum(Object.values(counts.invocations))
  add('DynamoDB write unit', counts.writeUnits)
  add('DynamoDB read unit', counts.readUnits)
  add('EventBridge event', sum(Object.values(counts.events)))
  add('megabyte of events archived', counts.eventBytes / 1e6)
  add('Lambda request', invocations)
  for (const [request, n] of Object.entries(counts.requests)) if (request in billedAs) add(billedAs[request]!, n)
  // Who decides is not traced.
  add('trace in X-Ray', (counts.invocations.work ?? 0) * TRACED)
  add('megabyte of logs', counts.logBytes / 1e6)
  return asked
}

/** What a million runs cost in dollars: those of bus, ledger and functions, and all. */
export function costOfMillion(asked: ReadonlyMap<Priced, number>): { busLedgerFunctions: number; all: number } {
  const cost = (which: (what: Priced) => boolean) => sum([...asked].map(([what, n]) => (which(what) ? n * prices[what] : 0)))
  return { busLedgerFunctions: cost(what => busLedgerFunctions.includes(what)), all: cost(() => true) }
}

// A month has so many quarters of an hour, and a sweep of a task with nothing to do reads the contracts, asks the index six times, and sees of four
// days that began of late that neither the run nor two inputs are there.
const SWEEPS_A_MONTH = 96 * 30.4
// Most start a process, which is billed too.
const SWEEP_S = 0.5
const SWEEP_GB = 0.5
// A hundred contracts of tasks and of their outputs, packed in one document, have 10 KB.
const PACKED_BYTES_A_TASK = 105
const UNIT_BYTES = 4096
const INDEX_READS = 6
const BEGUN_READS = 4 * (1 + 2)
const SWEEP_LOG_BYTES = 400

/** The same counts without what a function asks when it wakes: all contracts, and its secrets. */
function awake<T extends Counts>(counts: T): T {
  const { 'ssm GetParameter SecureString': _, ...requests } = counts.requests
  return { ...counts, requests, readUnits: counts.readUnits - (counts.readUnitsByKind.graph ?? 0) }
}

/** What so many deployed tasks cost a month in which nothing happens, in dollars, by what is billed. */
export function idleMonth(tasks: number): Map<string, number> {
  const sweeps = (tasks + 1) * SWEEPS_A_MONTH
  // The contracts and the index as they were a moment ago.
  const units = Math.ceil((tasks * PACKED_BYTES_A_TASK) / UNIT_BYTES) * 0.5 + INDEX_READS * 0.5 + BEGUN_READS
  return new Map([
    ['sweeps: Lambda requests', (sweeps * prices['Lambda request']) / 1e6],
    ['sweeps: Lambda’s time', sweeps * SWEEP_S * SWEEP_GB * LAMBDA_GB_SECOND],
    ['sweeps: the ledger', (sweeps * units * prices['DynamoDB read unit']) / 1e6],
    ['sweeps: logs', ((sweeps * SWEEP_LOG_BYTES) / 1e12) * prices['megabyte of logs']],
    ['six alarms', 6 * ALARM],
    ['one metric of its own', METRIC],
  ])
}

const TASKS = 100

/** docs/cost.md. */
export function costPage(root: string): string {
  const counts = JSON.parse(readFileSync(join(root, 'docs/cost-counts.json'), 'utf8')) as Counts
  const asked = askedOfRun(counts)
  const million = costOfMillion(asked)
  const idle = idleMonth(TASKS)
  const light = costOfMillion(askedOfRun(awake(counts)))
  const graph = ((counts.readUnitsByKind.graph ?? 0) / counts.runs) * prices['DynamoDB read unit']
  return `${[
    '# Cost',
    '',
    'What requests cost at list prices of us-east-1, by counts of the [acceptance run](acceptance.md). This page is made by docs/cost-page.ts.',
    '',
    '| goal | is | |',
    '| --- | ---: | --- |',
    goal(
      `a million runs: bus, ledger and function requests under $${goals.busLedgerFunctions}`,
      light.busLedgerFunctions,
      goals.busLedgerFunctions,
      dollars,
    ),
    goal('the same, where each run has to wake its functions', million.busLedgerFunctions, goals.busLedgerFunctions, dollars),
    goal(`all requests, with lake, logs and traces, under $${goals.all}, waking included`, million.all, goals.all, dollars),
    goal(`${TASKS} tasks with nothing to do: under $${goals.idle} a month`, sum([...idle.values()]), goals.idle, dollars),
    goal(`the median run: under ${goals.medianWriteUnits} write units`, counts.medianWriteUnits, goals.medianWriteUnits, String),
    goal('a run’s document, ancestry apart: under 1 KB', counts.largestDocumentBytes, goals.documentBytes, n => `${n} bytes at most`),
    '',
    '## A million runs',
    '',
    `A night of ${counts.runs} runs was counted, from its event until the last had ended. Every request of a function passes a meter; events are heard on the`,
    'bus; invocations and bytes of logs stand in the functions’ logs, with the three lines that Lambda writes itself. Sums of all are divided by the runs, so',
    'shared work is in: the night itself, lost races, the documents of runs that wait for tomorrow. Every function had slept since the day before, as it has',
    'where a task runs once a night: each reads the contracts and its secrets anew.',
    '',
    '| billed | a run asks | dollars a million | dollars a million runs |',
    '| --- | ---: | ---: | ---: |',
    ...[...asked].map(([what, n]) => `| ${what} | ${number(n)} | ${prices[what]} | ${(n * prices[what]).toFixed(2)} |`),
    `| **in all** | | | **${million.all.toFixed(2)}** |`,
    '',
    `The median run writes ${counts.medianWriteUnits} units: ${counts.medianWriteUnitsOfDocument} for its own document, and its share of what is common. The first write is two, as the index`,
    `gains an entry. A run’s document has ${counts.medianDocumentBytes} bytes in the median.`,
    '',
    'Most of it is the lake: a version is at least two objects, its rows and its manifest; and a load over HTTP notes its place before it sends.',
    'Of the rest, a run at least writes its claim, its begin and its end. A larger night differs in two ways: the relay is called for up to a hundred changes at',
    `once, here for one; and most of its runs meet functions that are awake: without what waking asks, a million cost $${light.all.toFixed(2)} in all. Of waking`,
    `$${graph.toFixed(2)} is to read all contracts, packed in one document: of 17 tasks here; of a hundred it is three times as much.`,
    'Step Functions Standard asks $25 for a million transitions, of which a task takes several.',
    '',
    `Compute is apart: a \`work\` of 1769 MB costs $${(1.769 * LAMBDA_GB_SECOND * 3600).toFixed(2)} an hour in which it works. So is what lies in the lake, in the ledger and in logs by the month.`,
    '',
    `## ${TASKS} tasks with nothing to do, a month`,
    '',
    'Nothing is polled. What remains is the sweep: each task looks four times an hour whether anything was lost. This is reckoned, not counted: a sweep reads all',
    `contracts, asks the index ${INDEX_READS} times and for ${BEGUN_READS} documents of partitions that began of late, and takes ${SWEEP_S} s of ${SWEEP_GB * 1024} MB, its start included.`,
    '',
    ...table(idle, 'billed', 'dollars a month'),
    '',
    'The dashboard is one of the three that an account has for nothing; a fourth is $3. A small managed Airflow is about $358. The network, for those whose sources need one, is apart: a NAT gateway is $33 a month, and each of the nine',
    'interface endpoints $7.30 in each of two zones.',
    '',
    '## Where the prices stand',
    '',
    'On AWS’s pages for [DynamoDB on demand](https://aws.amazon.com/dynamodb/pricing/on-demand/), [EventBridge](https://aws.amazon.com/eventbridge/pricing/),',
    '[Lambda](https://aws.amazon.com/lambda/pricing/), [S3](https://aws.amazon.com/s3/pricing/), [SNS](https://aws.amazon.com/sns/pricing/),',
    '[SQS](https://aws.amazon.com/sqs/pricing/), [KMS](https://aws.amazon.com/kms/pricing/), [X-Ray](https://aws.amazon.com/xray/pricing/) and',
    '[CloudWatch](https://aws.amazon.com/cloudwatch/pricing/); free tiers are not taken off. Prices of other regions are up to a half higher.',
  ].join('\n')}\n`
}

const dollars = (n: number) => `$${n.toFixed(2)}`
const number = (n: number) => (n < 0.1 ? n.toPrecision(2) : n.toFixed(2))

const goal = (what: string, is: number, under: number, show: (n: number) => string) =>
  `| ${what} | ${show(is)} | ${is < under ? 'reached' : '**missed**'} |`

function table(costs: Map<string, number>, what: string, unit: string): string[] {
  const rows = [...costs].map(([name, dollars]) => `| ${name} | ${dollars.toFixed(2)} |`)
  return [`| ${what} | ${unit} |`, '| --- | ---: |', ...rows, `| **in all** | **${sum([...costs.values()]).toFixed(2)}** |`]
}

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0)
