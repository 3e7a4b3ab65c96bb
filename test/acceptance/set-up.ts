import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { prepareWorld } from '../../demo/demo.ts'
import { names } from '../../shared/aws/deploy/names.ts'
import type { RunDoc } from '../../shared/core/run.ts'
import { folderLake } from '../../shared/local/lake.ts'
import { loadProject } from '../../shared/task/project.ts'
import { startEmulator } from '../aws/emulator.ts'
import { aws, installAws } from './aws-cli.ts'
import { runSls } from './deploy.ts'
import { type Ear, listen } from './ear.ts'
import { type Gate, gateBefore } from './gate.ts'
import { killWorker } from './kill-worker.ts'
import { type Meter, startMeter } from './meter.ts'
import type { Outcome } from './outcome.ts'
import { copyProject, type ProjectCopy } from './project.ts'
import { redeye } from './redeye-command.ts'
import { runNode } from './run-node.ts'
import { say } from './say.ts'
import { openStage, type Stage } from './stage.ts'

// Deployments wait for the emulator half of their time.
const AT_ONCE = 4

/** Everything that stands when the night may begin. */
export interface Acceptance {
  stage: Stage
  project: ProjectCopy
  gate: Gate
  ear: Ear
  meter: Meter
  /** Calls `sls` for a service, or for the platform, of a stage. */
  sls(command: 'deploy' | 'remove', service: string, stage?: string): Promise<string>
  /** What the same events had led to on one machine, up to the one by whose outcome's name this asks. */
  local(outcome: string): Promise<Outcome>
  open(stage: string): Promise<Stage>
  /** Runs the AWS CLI in the project's folder. */
  aws(...args: string[]): Promise<unknown>
  /** Runs `redeye` in the project, about the stage. */
  redeye(...args: string[]): ReturnType<typeof redeye>
  /** Kills the process that works for a service. */
  killWorker(service: string): Promise<void>
  /** Ends the processes of all functions, as if they had been idle for a day: each begins anew with its next event. */
  coolDown(): Promise<void>
  close(): Promise<void>
}

/** Starts the emulator and the world outside, deploys the platform and every service, and meanwhile plays the same nights on one machine. */
export async function setUp(stageName: string): Promise<Acceptance> {
  installAws()
  const undo: (() => unknown)[] = []
  const close = async () => {
    for (const step of undo.toReversed()) await step()
  }
  try {
    const meter = await startMeter()
    undo.push(() => meter.close())
    const emulator = await startEmulator({ env: { AWS_ENDPOINT_URL: meter.endpoint } })
    undo.push(() => emulator.stop())
    meter.forwardTo(emulator.endpoint)
    // With the emulator it ends, whatever ends this process.
    const { folder } = emulator
    const project = copyProject(join(folder, 'project'), [stageName, 'beside'])
    const outside = join(folder, 'outside')
    const world = await prepareWorld(join(folder, 'world'), outside)
    undo.push(() => world.close())
    const gate = await gateBefore(world.settings.STRIKES_API!)
    undo.push(() => gate.close())
    const sls: Acceptance['sls'] = (command, service, stage = stageName) =>
      runSls(service === 'platform' ? project.root : project.folder(service), [command, '--stage', stage], emulator.env)
    say('deploying the platform')
    await sls('deploy', 'platform')
    say('deploying the services')
    const stage = await openStage(emulator, stageName, join(folder, 'copies'))
    await stage.putSettings({ ...world.settings, STRIKES_API: gate.address })
    const ear = await listen(stage.clients, stageName)
    // With a warehouse, a queue and a crew desk of its own.
    const local = join(folder, 'local')
    const playing = runNode(join(import.meta.dirname, 'local-nights.ts'), [project.root, local, outside])
    // Whoever asks for its outcome hears of its failure.
    playing.catch(() => {})
    await inTurns(project.services, AT_ONCE, service => sls('deploy', service))
    say('all is deployed')
    const outcomeOf: Acceptance['local'] = async outcome => {
      await playing
      const runs = JSON.parse(readFileSync(join(local, `${outcome}.json`), 'utf8')) as RunDoc[]
      return { runs, lake: folderLake(join(local, 'state', 'lake')) }
    }
    return {
      stage,
      project,
      gate,
      ear,
      meter,
      sls,
      local: outcomeOf,
      aws: (...args) => aws(args, emulator.env, project.root),
      redeye: (...args) => redeye(project.root, [...args, '--stage', stageName], emulator.env),
      killWorker: service => killWorker(emulator.folder, `${names.lambda(stageName, service, 'work')}-`),
      coolDown: () => killWorker(emulator.folder),
      open: name => openStage(emulator, name, join(folder, `copies-${name}`)),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** The project's datasets, with their columns. */
export const datasetsOf = async ({ root }: ProjectCopy) => (await loadProject(root)).datasets

async function inTurns<T>(all: readonly T[], atOnce: number, work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all]
  const worker = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}
