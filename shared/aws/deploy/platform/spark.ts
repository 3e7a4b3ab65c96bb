import type { StageSettings } from '../stage-settings.ts'
import type { Resource, Resources } from '../template.ts'

// Spark 3.5, whose dialect the SQL is written in.
const RELEASE = 'emr-7.11.0'
// An application that has nothing to do costs nothing when it has stopped; started, its workers cost by the second.
const IDLE_MINUTES = 5
// EMR's ratio for its workers: eight gigabytes and twenty of disk with each processor.
const GB_A_CPU = 8
const DISK_GB_A_CPU = 20
const QUEUED_MINUTES = 360
const JOBS_AT_ONCE = 25

/** Two applications, so that a backfill of a year never takes the processors of a night. */
export function spark(settings: StageSettings): Resources {
  const { stage } = settings
  return {
    SparkNightly: application(`redeye-${stage}-nightly`, settings.sparkNightlyCpus, settings),
    SparkBackfill: application(`redeye-${stage}-backfill`, settings.sparkBackfillCpus, settings),
  }
}

/** In no network of ours: a job reads and writes the lake, which is reached without; private sources are for ingests, which are no jobs. */
function application(name: string, cpus: number, { architecture }: StageSettings): Resource {
  return {
    Type: 'AWS::EMRServerless::Application',
    Properties: {
      Name: name,
      Type: 'SPARK',
      ReleaseLabel: RELEASE,
      Architecture: architecture.toUpperCase(),
      MaximumCapacity: { Cpu: `${cpus} vCPU`, Memory: `${cpus * GB_A_CPU} GB`, Disk: `${cpus * DISK_GB_A_CPU} GB` },
      AutoStartConfiguration: { Enabled: true },
      AutoStopConfiguration: { Enabled: true, IdleTimeoutMinutes: IDLE_MINUTES },
      // What finds no capacity waits its turn instead of failing.
      SchedulerConfiguration: { QueueTimeoutMinutes: QUEUED_MINUTES, MaxConcurrentRuns: JOBS_AT_ONCE },
    },
  }
}
