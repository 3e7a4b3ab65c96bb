/** What metrics of Redeye's own stand under. */
export const NAMESPACE = 'Redeye'
/** How many nights are late; said by each sweep, so that its silence says something too. */
export const LATE_NIGHTS = 'LateNights'

/**
 * A metric of a stage as a line of a function's log, of which CloudWatch makes the metric by itself (its embedded metric format): no call, and
 * no permission.
 *
 * @example
 * process.stdout.write(metricLine('dev', LATE_NIGHTS, 0, Date.now()))
 */
export function metricLine(stage: string, name: string, value: number, at: number): string {
  const metric = { Namespace: NAMESPACE, Dimensions: [['stage']], Metrics: [{ Name: name, Unit: 'Count' }] }
  return `${JSON.stringify({ _aws: { Timestamp: at, CloudWatchMetrics: [metric] }, stage, [name]: value })}\n`
}
