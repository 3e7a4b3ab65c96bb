import type { RunDoc, RunError } from '../core/run.ts'

/** Tells people. An alert is for a failed run's owner, a notice for whoever can approve. */
export interface Notifier {
  alert(alert: { task: string; partition: string; generation: number; error: RunError | undefined; waiting: string[] }): Promise<void>
  notice(notice: { task: string; partition: string; run: RunDoc }): Promise<void>
  /** Something that concerns no run: a refused request, a poison event. */
  platform(message: string): Promise<void>
}
