import { type RunDoc, runName } from '../core/run.ts'

interface Entry {
  at: number
  run: string
  what: string
  cause: string
}

/** What happened to each run, when, and by which event: the account a failed expectation is read with. */
export class Timeline {
  readonly entries: Entry[] = []
  /** What is being handled now. */
  cause = ''

  add(at: number, run: string, what: string): void {
    this.entries.push({ at, run, what, cause: this.cause })
  }

  change(at: number, before: RunDoc | undefined, after: RunDoc): void {
    const name = after.task ? runName(after.task, after.partition) : `${after.dataset}@${after.partition}`
    const parts: string[] = []
    if (before?.state !== after.state) parts.push(`${before?.state ?? 'absent'} → ${after.state ?? 'absent'}`)
    if (after.state === 'running' && (before?.generation !== after.generation || before?.attempt !== after.attempt))
      parts.push(`attempt ${after.generation}.${after.attempt}`)
    if ((after.version?.number ?? 0) > (before?.version?.number ?? 0)) parts.push(`published version ${after.version!.number}`)
    if (after.stale && after.stale.join() !== before?.stale?.join()) parts.push(`stale: ${after.stale.join(', ')}`)
    if (after.due !== undefined && after.due !== before?.due) parts.push(`due ${time(after.due)}`)
    if (after.noted && !before?.noted) parts.push('noted an update')
    if (after.skipped && !before?.skipped) parts.push('skipped')
    if ((after.requests?.length ?? 0) > (before?.requests?.length ?? 0)) parts.push(`selected by ${after.requests!.at(-1)}`)
    if (parts.length > 0) this.add(at, name, parts.join(', '))
  }

  /** The lines of these names, the newest of them, as text. */
  of(names: readonly string[], most: number): string[] {
    const wanted = new Set(names)
    const entries = this.entries.filter(e => names.length === 0 || wanted.has(e.run) || e.run === 'platform')
    const cut = entries.length > most ? [`  … ${entries.length - most} earlier lines`] : []
    return [...cut, ...entries.slice(-most).map(e => `  ${time(e.at)}  ${e.run}  ${e.what}  (${e.cause})`)]
  }

  static subject(detail: object): string {
    const d = detail as { dataset?: string; task?: string; partition?: string; date?: string; id?: string; number?: number }
    const name = d.dataset ?? d.task
    return name ? `${name}${d.partition ? `@${d.partition}` : ''}${d.number ? ` version ${d.number}` : ''}` : (d.date ?? d.id ?? '')
  }
}

const time = (at: number) => new Date(at).toISOString().replace('T', ' ').replace('.000Z', 'Z')
