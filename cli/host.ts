import { mkdirSync, writeFileSync } from 'node:fs'
import { inspectDelivery } from '../shared/compute/inspect.ts'
import { RedeyeError } from '../shared/core/errors.ts'
import { type RunDoc, runName } from '../shared/core/run.ts'
import { folderLake } from '../shared/local/lake.ts'
import { handlerOf } from '../shared/local/project-services.ts'
import { type Decide, type Runtime, startRuntime } from '../shared/local/runtime.ts'
import { stateFolder } from '../shared/local/state.ts'
import { loadProject, type Project } from '../shared/task/project.ts'
import { withWayOut } from './failure-reason.ts'
import { handlerFinding } from './service-findings.ts'
import { stateOf } from './state-of.ts'

export { stateOf } from './state-of.ts'

export interface HostOptions {
  /** The state folder; `.redeye` in the project unless given. */
  state?: string
  /** Settings and secrets to keep in the state folder. */
  settings?: Record<string, string>
  onRun?: (before: RunDoc | undefined, after: RunDoc) => void
  /** Alerts, notices and what concerns no run, a line each. */
  onMessage?: (line: string) => void
}

/** Starts a runtime with a project's services; a project with errors is not run. */
export async function hostProject(root: string, options: HostOptions): Promise<{ runtime: Runtime; project: Project }> {
  const project = await soundProject(root)
  const state = stateFolder(stateOf(root, options.state))
  mkdirSync(state.folder, { recursive: true })
  if (options.settings) writeFileSync(state.settings, JSON.stringify(options.settings, undefined, 2), { mode: 0o600 })
  const tell = options.onMessage ?? (() => {})
  const runtime = await startRuntime({
    state: state.folder,
    contracts: project.contracts,
    decides: await decidesOf(project),
    services: { services: new URL('../shared/local/project-services.ts', import.meta.url).href, servicesData: { root: project.root } },
    inspect: inspectDelivery(project.datasets, folderLake(state.lake)),
    notifier: {
      alert: async ({ task, partition, error, waiting }) =>
        tell(
          `${runName(task, partition)} failed (${error?.failure}): ${withWayOut(error?.message ?? 'no reason given', task, partition)}${waiting.length > 0 ? `; waiting on it: ${waiting.join(', ')}` : ''}`,
        ),
      notice: async ({ task, partition }) => tell(`${runName(task, partition)} is held: an input has a new version; approve or cancel it`),
      platform: async message => tell(message),
    },
    ...(options.onRun && { onRun: options.onRun }),
  })
  return { runtime, project }
}

/** A project without errors; otherwise BAD_TASK says how many and where to see them. */
export async function soundProject(root: string): Promise<Project> {
  const project = await loadProject(root)
  const errors = project.findings.filter(f => f.severity === 'error')
  if (errors.length === 0) return project
  const first = errors[0]!
  throw new RedeyeError(first.code, errors.length === 1 ? first.message : `${first.message} (and ${errors.length - 1} more errors)`, {
    ...(first.file && { file: first.file }),
    ...(first.line && { line: first.line }),
    ...(first.column && { column: first.column }),
    remedy: `${first.remedy}; \`redeye check\` lists all`,
  })
}

async function decidesOf(project: Project): Promise<Map<string, Decide>> {
  const decides = new Map<string, Decide>()
  for (const service of project.services) {
    const wrong = await handlerFinding(project.root, service)
    if (wrong) throw new RedeyeError(wrong.code, wrong.message, wrong)
    decides.set(service.name, (await handlerOf(project.root, service.name)).decide as Decide)
  }
  return decides
}
