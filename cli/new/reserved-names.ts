import { RedeyeError } from '../../shared/core/errors.ts'
import * as lambda from '../../shared/engine/lambda.ts'
import * as sources from '../../shared/sources/index.ts'
import * as targets from '../../shared/targets/index.ts'
import * as language from '../../shared/task/index.ts'
import { camel } from './names.ts'

// What no export of a module may be called.
const ofTypeScript =
  'abstract any arguments as async await boolean break case catch class const continue debugger declare default delete do else enum eval export extends false finally for from function if implements import in instanceof interface let never new null number object of package private protected public return static string super switch symbol this throw true try type typeof undefined unknown var void while with yield'
// What else stands in the files that are written.
const ofFiles = 'task row runTask test expect describe inputs rows delivered records quarantined settings responses body decide work'
const reserved = new Set([
  ...ofTypeScript.split(' '),
  ...ofFiles.split(' '),
  ...[language, sources, targets, lambda].flatMap(module => Object.keys(module)),
])

/** Refuses a dataset whose export would be no name in TypeScript, or one that task.ts, its test or datasets/index.ts has already. */
export function refuseReserved(dataset: string, exported: ReadonlySet<string>): void {
  const name = camel(dataset)
  const why = exported.has(name)
    ? 'datasets/index.ts exports another dataset as'
    : reserved.has(name)
      ? 'TypeScript, or what a task.ts or its test imports, has its own'
      : undefined
  if (why === undefined) return
  throw new RedeyeError('BAD_ARGUMENT', `a dataset cannot be called ${dataset}: ${why} ${name}`, {
    remedy: `name the dataset otherwise: --output ${dataset}_rows`,
  })
}
