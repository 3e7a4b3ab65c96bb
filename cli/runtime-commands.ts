import { Argument, type Command, Option } from 'commander'
import { lanes } from '../shared/core/run.ts'
import { wholeNumber } from './whole-number.ts'

const examples = (lines: string[]) => `\nExamples:\n${lines.map(l => `  $ ${l}`).join('\n')}\n`
const stateOption = ['--state <folder>', 'the state folder (default: .redeye in the project)'] as const

/** The commands that run things, look at what ran, and steer it. */
export function addRuntimeCommands(program: Command, root: () => string, exit: (code: number) => void): void {
  addRunning(program, root, exit)
  addLooking(program, root, exit)
  addSteering(program, root, exit)
}

type Adds = (program: Command, root: () => string, exit: (code: number) => void) => void

const addRunning: Adds = (program, root, exit) => {
  program
    .command('demo')
    .description('a month of real flights at an airline, one night of it shown live')
    .option('--json', 'print a line for each run that ended, and last { night, succeeded, failed, seconds } of the night shown')
    .option('--keep', 'go on from what an earlier demo left; without it a demo starts afresh')
    .option('--serve', 'only keep the services outside up, for further nights from another terminal')
    .option('--state <folder>', 'the state folder (default: .redeye in Redeye’s own folder)')
    .action(async options => exit(await (await import('./demo.ts')).demo(options)))
    .addHelpText('after', examples(['redeye demo', 'redeye demo --json | tail -1', 'redeye demo --serve']))

  program
    .command('night')
    .argument('<date>', 'the day whose data the night makes, like 2001-02-14')
    .description('begin a night, and show it until it is over')
    .option('--json', 'print a line for each run that ended, and last { night, succeeded, failed, seconds }')
    .option(...stateOption)
    .action(async (date, options) => exit(await (await import('./night.ts')).night(root(), date, options)))
    .addHelpText('after', examples(['redeye night 2001-02-14', 'redeye night 2001-02-14 --json | jq .task']))

  program
    .command('run')
    .argument('<task>', 'the task’s name')
    .requiredOption('--partition <key>', 'the partition it is to make, like 2001-02-14')
    .description('run one task for one partition, its inputs from the lake; nothing follows from it')
    .option('--json', 'print { task, partition, generation, attempt, state, rows, bytes, seconds }')
    .option(...stateOption)
    .action(async (task, options) => exit(await (await import('./run.ts')).run(root(), task, options)))
    .addHelpText('after', examples(['redeye run route-punctuality --partition 2001-02-14', 'redeye run network-month --partition 2001-02']))

  program
    .command('dev')
    .description('keep a runtime up that takes up changes of services as they are saved')
    .option(...stateOption)
    .addOption(new Option('--hosted').hideHelp())
    .action(async ({ hosted, ...options }) =>
      exit(await (hosted ? (await import('./dev-host.ts')).devHost(root(), options) : (await import('./dev.ts')).dev(root(), options))),
    )
    .addHelpText('after', examples(['redeye dev', 'redeye night 2001-02-14   # in another terminal']))
}

const addLooking: Adds = (program, root, exit) => {
  program
    .command('status')
    .description('what runs, waits, failed, is held or paused; of everything, or of one night')
    .option('--night <date>', 'only the runs of a night')
    .option('--json', 'print one object')
    .option(...stateOption)
    .action(async options => exit(await (await import('./status.ts')).status(root(), options)))
    .addHelpText('after', examples(['redeye status', 'redeye status --night 2001-02-14', 'redeye status --json | jq .runs.failed']))

  program
    .command('logs')
    .argument('<run>', 'TASK@PARTITION')
    .description('what an attempt said')
    .option('--attempt <n>', 'another attempt than the newest', wholeNumber)
    .option('--generation <n>', 'an attempt of an earlier generation', wholeNumber)
    .option('--follow', 'go on printing until the run is over')
    .option('--json', 'print { at, message, … } a line')
    .option(...stateOption)
    .action(async (run, options) => exit(await (await import('./logs.ts')).logs(root(), run, options)))
    .addHelpText(
      'after',
      examples([
        'redeye logs flown-flights@2001-02-14',
        'redeye logs site-logs@2001-02-14 --attempt 1',
        'redeye logs site-logs@2001-02-14 --follow',
      ]),
    )
}

const addSteering: Adds = (program, root, exit) => {
  program
    .command('request')
    .argument('<task...>', 'the tasks')
    .requiredOption('--from <key>', 'an hour, day, week or month, or a key of keyed tasks')
    .option('--to <key>', 'the last one, of any grain (default: the same)')
    .addOption(new Option('--run <which>', 'which runs (default: missing)').choices(['missing', 'failed', 'all']))
    .option('--no-downstream', 'nothing follows from what it makes')
    .addOption(new Option('--lane <lane>', 'who goes first when places are scarce (default: backfill)').choices(lanes))
    .option('--max-active <n>', 'how many of its runs at once', wholeNumber)
    .option('--id <id>', 'the same id twice is one request')
    .option('--plan', 'say what would run, and how much that is; write nothing')
    .option('--json', 'print a line for each run that ended, and last { request, selected, succeeded, failed, seconds, standing }')
    .option(...stateOption)
    .description('run tasks over a range: a backfill, or with --run all a replay')
    .action(async (tasks, options) => exit(await (await import('./request.ts')).request(root(), tasks, options)))
    .addHelpText(
      'after',
      examples([
        'redeye request flown-flights --from 2001-02-01 --to 2001-02-14',
        'redeye request flown-flights --from 2001-02 --run all --plan',
        'redeye request site-logs web-sessions --from 2001-W07 --run failed --no-downstream',
      ]),
    )

  const json = [
    '--json',
    'print a line for each run that ended, and last { event, …, done }: what was published, and whether it took effect',
  ] as const
  const steer = (name: 'pause' | 'resume' | 'cancel' | 'approve' | 'skip', argument: string, description: string, example: string) =>
    program
      .command(name)
      .argument('<name>', argument)
      .description(description)
      .option(...json)
      .option(...stateOption)
      .action(async (what, options) => exit(await (await import('./operate.ts'))[name](root(), what, options)))
      .addHelpText('after', examples([example]))
  steer('pause', 'a task, or all', 'start nothing new of a task, or of any', 'redeye pause site-logs')
  steer('resume', 'a task, or all', 'end a pause', 'redeye resume all')
  steer('cancel', 'TASK@PARTITION', 'stop a run; a request starts it again', 'redeye cancel site-logs@2001-02-14')
  steer('approve', 'TASK@PARTITION', 'let a held run go', 'redeye approve send-late-routes@2001-02-14')
  steer('skip', 'DATASET@PARTITION', 'do not wait for a partition that will not come', 'redeye skip web_logs@2001-02-14')

  program
    .command('deliver')
    .argument('<partition>', 'DATASET@PARTITION of a dataset that is made outside')
    .argument('<file...>', 'Parquet, CSV with a header or JSON lines, also as .gz and .zst')
    .description('make files a version of an outside dataset, once they fit its columns')
    .option(...json)
    .option(...stateOption)
    .action(async (name, files, options) => exit(await (await import('./operate.ts')).deliver(root(), name, files, options)))
    .addHelpText('after', examples(['redeye deliver orders@2001-02-14 in/orders.csv.gz']))

  program
    .command('dlq')
    .addArgument(new Argument('<action>', 'what to do with them').choices(['list', 'resend', 'drop']))
    .argument('[letter...]', 'which, by what their ids begin with, or all')
    .description('what could not be handled: list it with its reasons, send it again, or drop it')
    .option('--stage <stage>', 'the letters of a stage on AWS (default: those of the state folder)')
    .option('--json', 'print a list of { id, at, function, reason, event }')
    .option(...stateOption)
    .action(async (action, letters, options) => exit(await (await import('./dlq.ts')).dlq(root, action, letters, options)))
    .addHelpText('after', examples(['redeye dlq list', 'redeye dlq resend all', 'redeye dlq drop 4f2c --stage prod']))
}
