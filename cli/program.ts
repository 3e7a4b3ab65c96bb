import { Command } from 'commander'
import { findProject } from './find-project.ts'

/** Every command of `redeye`. A command's module is imported only when it is the one to run, so that `--help` costs nothing. */
export function createProgram(exit: (code: number) => void): Command {
  const program = new Command('redeye')
    .description('A company’s nightly batch, run by events instead of a scheduler.')
    .option('-C, --project <folder>', 'the project’s folder (default: the nearest upward with services/)')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(redeye --help shows what it takes)')
    .exitOverride()
  const root = () => findProject(program.opts<{ project?: string }>().project)

  program
    .command('check')
    .description('what is wrong with the project: declarations, graph, SQL, sources and targets')
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

  return program
}

const examples = (lines: string[]) => `\nExamples:\n${lines.map(l => `  $ ${l}`).join('\n')}\n`
