import type { StageSettings } from '../stage-settings.ts'
import type { Resources } from '../template.ts'

/** How many invocations of the stage are traced: by default one in a hundred, and not, as X-Ray’s own rule would, the first of every second. */
export function traces({ stage, traces: share }: StageSettings): Resources {
  if (share === 0) return {}
  return {
    Traces: {
      Type: 'AWS::XRay::SamplingRule',
      Properties: {
        SamplingRule: {
          RuleName: `redeye-${stage}`,
          Version: 1,
          Priority: 1000,
          FixedRate: share,
          ReservoirSize: 0,
          ServiceName: `redeye-${stage}-*`,
          ServiceType: '*',
          Host: '*',
          HTTPMethod: '*',
          URLPath: '*',
          ResourceARN: '*',
        },
      },
    },
  }
}
