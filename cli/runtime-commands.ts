import type { Command } from 'commander'

const examples = (lines: string[]) => `\nExamples:\n${lines.map(l => `  $ ${l}`).join('\n')}\n`
const stateOption = ['--state <folder>', 'the state folder (default: .redeye in the project)'] as const

/** The commands that run things, and that look at what ran. */
export function addRuntimeCommands(program: Command, root: () => string, exit: (code: number) => void): void {
  program
    .command('demo')
    .description('February 2001 at an airline: real flights, a graph of tasks, one night shown live, a warehouse with answers')
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
}
