import { type Command, Option } from 'commander'
import { wholeNumber } from './whole-number.ts'

const examples = (lines: string[]) => `\nExamples:\n${lines.map(l => `  $ ${l}`).join('\n')}\n`
const stage = () => new Option('--stage <stage>', 'the stage, which shares nothing with another').default('dev')
const region = ['--region <region>', 'the region (default: AWS_REGION)'] as const

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
    .description('let what runs of a task end, then remove its service; what it has made stays')
    .summary('end a task’s life on AWS')
    .addOption(stage())
    .option(...region)
    .option('--drain <minutes>', 'how long running attempts may take to end (default: 15)', wholeNumber)
    .action(async (task, options) => exit(await (await import('./retire.ts')).retire(root(), task, options)))
    .addHelpText('after', examples(['redeye retire airport-day --stage dev']))

  program
    .command('doctor')
    .description('whether the account’s quotas are enough for the project’s tasks, and what to ask for')
    .summary('whether the account’s quotas are enough')
    .addOption(stage())
    .option(...region)
    .option('--json', 'print a list of { quota, value, needs, verdict, remedy }')
    .action(async options => exit(await (await import('./doctor.ts')).doctor(root(), options)))
    .addHelpText('after', examples(['redeye doctor --stage prod']))
}
