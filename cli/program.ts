import { Command } from 'commander'
import manifest from '../package.json' with { type: 'json' }
import { addDeploymentCommands } from './deployment-commands.ts'
import { findProject } from './find-project.ts'
import { addRuntimeCommands } from './runtime-commands.ts'
import { wholeNumberOrZero } from './whole-number.ts'

/** Every command of `redeye`. A command's module is imported only when it is the one to run, so that `--help` costs nothing. */
export function createProgram(exit: (code: number) => void): Command {
  const program = new Command('redeye')
    .description('A company’s nightly batch, run by events instead of a scheduler.')
    .version(manifest.version, '-V, --version', 'print the version')
    .option('-C, --project <folder>', 'the project’s folder (default: the nearest upward with services/)')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(redeye --help shows what it takes)')
    .exitOverride()
  const root = (orBegin?: 'begin') => findProject(program.opts<{ project?: string }>().project, orBegin)

  addRuntimeCommands(program, root, exit)

  program
    .command('check')
    .description('what is wrong with the project: declarations, graph, SQL, sources and targets; and what a change leaves as it was')
    .summary('what is wrong with the project')
    .option(...stateOption)
    .option('--json', 'print a list of { code, file, line, column, message, remedy }')
    .action(async options => exit(await (await import('./check.ts')).check(root(), options)))
    .addHelpText('after', examples(['redeye check', 'redeye check --json | jq .[].file']))

  program
    .command('graph')
    .description('which task makes what of what, as a tree, Mermaid or SVG')
    .option('--mermaid', 'print a Mermaid flowchart')
    .option('--svg <file>', 'write a picture; - prints it')
    .option('--json', 'print { tasks, datasets }')
    .action(async options => exit(await (await import('./graph.ts')).graph(root(), options)))
    .addHelpText('after', examples(['redeye graph', 'redeye graph --svg graph.svg', 'redeye graph --mermaid > graph.mmd']))

  program
    .command('rehearse')
    .description('play stories: what must happen in a graph, on a virtual clock')
    .argument('<story...>', 'story files')
    .option('--json', 'print { file, ok, exit, line?, message? } a file')
    .action(async (files, options) => exit(await (await import('./rehearse.ts')).rehearse(files, options)))
    .addHelpText('after', examples(['redeye rehearse stories/*.yaml']))

  program
    .command('show')
    .argument('<dataset@partition>', 'like flights@2001-02-14; without a partition, the ones there are')
    .description('a partition’s schema, statistics and first rows')
    .option('--rows <n>', 'how many rows', wholeNumberOrZero, 10)
    .option(...stateOption)
    .option('--json', 'print the manifest with the first rows')
    .action(async (name, options) => exit(await (await import('./show.ts')).show(root(), name, options)))
    .addHelpText('after', examples(['redeye show flights@2001-02-14', 'redeye show flights']))

  program
    .command('query')
    .argument('[sql]', 'one statement in the SQL of transforms')
    .description('SQL over the current versions of the lake’s datasets; each has _partition beside its columns')
    .summary('SQL over the lake’s datasets')
    .option('--file <file>', 'read the statement from a file; - reads the input')
    .option('--limit <n>', 'the most rows to print', wholeNumberOrZero, 1000)
    .option(...stateOption)
    .option('--json', 'print a list of rows')
    .action(async (sql, options) => exit(await (await import('./query.ts')).query(root(), sql, options)))
    .addHelpText(
      'after',
      examples([
        'redeye query "select _partition, count(*) as n from flights group by _partition order by 1"',
        'redeye query --file report.sql --json',
      ]),
    )

  program
    .command('new')
    .argument('<kind>', 'ingest, transform or load')
    .argument('<name>', 'the service’s folder, like clean-orders')
    .description('write a service with its dataset and a test; asks on a terminal for what the options leave out')
    .summary('write a service with its dataset and a test')
    .option('--input <dataset...>', 'what it takes, with the mapping where it is not plain: orders, orders:trailing=7, airports:latest')
    .option('--output <dataset>', 'the dataset it makes (default: the name with "_")')
    .option('--partition <grain>', 'hourly, daily, weekly, monthly, unpartitioned or keys:a+b (default: the first input’s, or daily)')
    .option('--from <date>', 'the first date')
    .option('--timezone <zone>', 'an IANA time zone')
    .option('--source <source>', 'of an ingest: sql, logs, json or xml')
    .option('--target <target>', 'of a load: warehouse, http or queue')
    .option('--description <text>', 'what a row of the dataset is')
    .option('--owner <address>', 'who is told when it fails')
    .action(async (kind, name, options) => exit(await (await import('./new.ts')).create(root('begin'), kind, name, options)))
    .addHelpText(
      'after',
      examples([
        'redeye new ingest orders --source sql --from 2001-02-01',
        'redeye new transform weekly-revenue --input orders --partition weekly',
        'redeye new load send-revenue --input weekly_revenue --target http',
      ]),
    )

  addDeploymentCommands(program, root, exit)

  return program
}

const stateOption = ['--state <folder>', 'where ledger and lake are (default: .redeye in the project)'] as const

const examples = (lines: string[]) => `\nExamples:\n${lines.map(l => `  $ ${l}`).join('\n')}\n`
