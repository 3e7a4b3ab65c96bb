import type { Mutant } from './instrument.ts'

/** What became of a mutant. */
export interface Judged extends Mutant {
  /** Of the file's text when it was judged. */
  hash: string
  status: 'killed' | 'timeout' | 'survived' | 'uncovered' | 'ignored' | 'unjudged'
  /** The test that failed, and how. */
  by?: string
  how?: string
}

export interface FileScore {
  file: string
  killed: number
  bySimulation: number
  survived: number
  uncovered: number
  ignored: number
  unjudged: number
  /** Killed of those judged, in percent. */
  score: number
}

/** One row a file, and the sum of each folder and of all. */
export function report(judged: readonly Judged[]): FileScore[] {
  const folderOf = (file: string) => file.slice(0, file.lastIndexOf('/') + 1)
  const files = [...new Set(judged.map(j => j.file))].sort()
  const folders = [...new Set(files.map(folderOf))]
  return [
    ...files.map(file =>
      scoreOf(
        file,
        judged.filter(j => j.file === file),
      ),
    ),
    ...folders.map(folder =>
      scoreOf(
        folder,
        judged.filter(j => folderOf(j.file) === folder),
      ),
    ),
    scoreOf('all', judged),
  ]
}

function scoreOf(file: string, judged: readonly Judged[]): FileScore {
  const count = (...statuses: Judged['status'][]) => judged.filter(j => statuses.includes(j.status)).length
  const [killed, survived, uncovered] = [count('killed', 'timeout'), count('survived'), count('uncovered')]
  const of = killed + survived + uncovered
  return {
    file,
    killed,
    bySimulation: judged.filter(j => j.status !== 'survived' && j.by?.startsWith('test/simulation')).length,
    survived,
    uncovered,
    ignored: count('ignored'),
    unjudged: count('unjudged'),
    score: of === 0 ? 100 : (100 * killed) / of,
  }
}

/** The table for people, in Markdown. */
export function tableOf(rows: readonly FileScore[]): string {
  return [
    '| file | killed | only by the simulation | survived | not covered | ignored | not judged | score |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...rows.map(
      r =>
        `| ${r.file} | ${r.killed} | ${r.bySimulation} | ${r.survived} | ${r.uncovered} | ${r.ignored} | ${r.unjudged} | ${r.score.toFixed(1)} % |`,
    ),
  ].join('\n')
}

/** Where each survivor is, and what it changes. */
export function survivorLines(judged: readonly Judged[]): string[] {
  const short = (text: string) => (text.length > 160 ? `${text.slice(0, 157)}…` : text).replaceAll(/\s+/g, ' ')
  return judged
    .filter(j => j.status === 'survived' || j.status === 'uncovered')
    .map(j => `${j.file}:${j.line}:${j.column} ${j.status} ${j.mutator}: ${short(j.original)} → ${short(j.replacement)}`)
}
