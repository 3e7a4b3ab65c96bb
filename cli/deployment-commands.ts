import { type Command, Option } from 'commander'
import { wholeNumber } from './whole-number.ts'

const examples = (lines: string[]) => `\nExamples:\n${lines.map(l => `  $ ${l}`).join('\n')}\n`
const stage = () => new Option('--stage <stage>', 'the stage, which shares nothing with another').default('dev')
const region = [
  '--region <region>',
  'the region (default: the stage’s own, both where it has two, else AWS_REGION’s or AWS_PROFILE’s)',
] as const

/** The commands that put a project onto AWS, and take it away. */
export function addDeploymentCommands(program: Command, root: () => string, exit: (code: number) => void): void {
  program
    .command('deploy')
    .argument('[service...]', 'services to deploy; without one the platform and all')
    .description('compare with what the stage has registered, then deploy the platform and all services, or some')
    .summary('deploy to AWS, unless a reader would lose what it reads')
    .addOption(stage())
    .option(...region)
    .option('--check', 'compare only')
    .option('--at-once <n>', 'how many services at once (default: 4)', wholeNumber)
    .action(async (services, options) => exit(await (await import('./deploy.ts')).deploy(root(), services, options)))
    .addHelpText('after', examples(['redeye deploy', 'redeye deploy airport-day --stage prod', 'redeye deploy --check --stage prod']))

  program
    .command('retire')
    .argument('<task>', 'the task’s name')
    .description(
      'pause a task, let what runs of it end, cancel the rest and see it stopped, then remove its service and retire its contract; what it has made stays. Run again after a failure it goes on',
    )
    .summary('end a task’s life on AWS')
    .addOption(stage())
    .option(...region)
    .option('--drain <minutes>', 'how long running attempts may take to end (default: 15)', wholeNumber)
    .action(async (task, options) => exit(await (await import('./retire.ts')).retire(root(), task, options)))
    .addHelpText('after', examples(['redeye retire airport-day --stage dev']))

  program
    .command('move')
    .argument('<region>', 'the region that is to write from now on: the stage’s other one')
    .description(
      'make another region the one that writes: pause everything, let what runs end, switch the old region off, wait until ledger and lake have arrived, make anew what has not, switch the new region on, resume. Run again after a failure it goes on',
    )
    .summary('move a stage to its other region')
    .addOption(stage())
    .option('--check', 'look only: what is missing there, what runs, and what has not arrived')
    .option('--lost', 'the old region cannot be reached: ask it for nothing, and give up what it had not replicated')
    .option('--drain <minutes>', 'how long running attempts may take to end (default: 15)', wholeNumber)
    .option('--settle <seconds>', 'how long decisions that had begun may go on (default: 60)', wholeNumber)
    .option('--arrive <seconds>', 'how long replication may take (default: 900)', wholeNumber)
    .option(
      '--json',
      'print a line { step, text } for each step, and last { from, to, moved, versions, files, incomplete, reruns, outside, … }',
    )
    .action(async (to, options) => exit(await (await import('./move.ts')).moveStage(root(), to, options)))
    .addHelpText(
      'after',
      examples([
        'redeye move eu-central-1 --stage prod --check',
        'redeye move eu-central-1 --stage prod',
        'redeye move eu-central-1 --stage prod --lost',
      ]),
    )

  program
    .command('doctor')
    .description('whether the account’s quotas are enough for the project’s tasks in each of the stage’s regions, and what to ask for')
    .summary('whether the account’s quotas are enough')
    .addOption(stage())
    .option(...region)
    .option('--json', 'print a list of { region, quota, value, needs, verdict, remedy }')
    .action(async options => exit(await (await import('./doctor.ts')).doctor(root(), options)))
    .addHelpText('after', examples(['redeye doctor --stage prod']))
}
