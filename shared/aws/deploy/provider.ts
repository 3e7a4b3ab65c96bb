import { names } from './names.ts'
import type { StageSettings } from './stage-settings.ts'

// Commands that reach nothing: a placeholder for what only a deployed platform knows will do.
export const OFFLINE = ['package', 'print', 'help']

/** What osls takes as `provider`, the same for every service of a stage. */
export async function provider(settings: StageSettings, region: string, commands: readonly string[], service?: string): Promise<object> {
  const { stage, architecture, logRetentionDays } = settings
  return {
    name: 'aws',
    stage,
    region,
    stackName: names.stack(stage, service),
    runtime: 'nodejs24.x',
    architecture,
    // Nothing refers to an old version, and each would keep its code.
    versionFunctions: false,
    deploymentMethod: 'direct',
    logRetentionInDays: logRetentionDays,
    // That a decision of milliseconds has begun and ended is a metric too; its three lines would be most of all that is logged and paid for.
    logs: { lambda: { logFormat: 'JSON', systemLogLevel: 'WARN' } },
    ...(service && { deploymentBucket: await deploymentBucket(stage, region, commands) }),
    tags: { 'redeye:stage': stage, ...(service && { 'redeye:task': service }) },
    stackTags: { 'redeye:stage': stage },
  }
}

/** The one bucket that all services of a stage are deployed by; the platform's stack made it. */
async function deploymentBucket(stage: string, region: string, commands: readonly string[]): Promise<string> {
  if (OFFLINE.includes(commands[0] ?? 'help')) return `redeye-${stage}-deployments`
  const [{ platformValuesOf }, { SSMClient }, { sdkOptions }] = await Promise.all([
    import('../stage.ts'),
    import('@aws-sdk/client-ssm'),
    import('../sdk.ts'),
  ])
  return (await platformValuesOf(stage, ['deployment-bucket'], new SSMClient({ ...sdkOptions, region })))['deployment-bucket']
}
