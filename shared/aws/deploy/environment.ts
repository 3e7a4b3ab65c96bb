import type { StageSettings } from './stage-settings.ts'
import { ref, type Value } from './template.ts'

/**
 * What every function of a stage is told by its environment; shared/aws/settings.ts reads it. What the platform's template makes and a
 * service's takes as a parameter has the same name in both, but for two.
 */
export function stageEnvironment(
  settings: StageSettings,
  own: { deadLettersUrl: Value; scheduleRole: Value; spark?: { role?: Value } },
): Record<string, Value> {
  const { stage, zone, laneLimits } = settings
  return {
    REDEYE_STAGE: stage,
    REDEYE_TABLE: ref('Table'),
    REDEYE_BUS: ref('Bus'),
    REDEYE_BUCKET: ref('Bucket'),
    REDEYE_DEAD_LETTERS: own.deadLettersUrl,
    REDEYE_TOPIC: ref('Topic'),
    REDEYE_SCHEDULE_GROUP: ref('ScheduleGroup'),
    REDEYE_SCHEDULE_ROLE: own.scheduleRole,
    REDEYE_ZONE: zone,
    ...(own.spark && { REDEYE_SPARK_NIGHTLY: ref('SparkNightly'), REDEYE_SPARK_BACKFILL: ref('SparkBackfill') }),
    ...(own.spark?.role !== undefined && { REDEYE_SPARK_ROLE: own.spark.role }),
    ...(settings.standby !== '' && { REDEYE_TWO_REGIONS: 'true' }),
    ...(Object.keys(laneLimits).length > 0 && { REDEYE_LANE_LIMITS: JSON.stringify(laneLimits) }),
  }
}
