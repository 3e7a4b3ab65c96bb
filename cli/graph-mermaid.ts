import type { Picture, PictureNode } from './graph-picture.ts'

const shapes = { ingest: ['[/', '/]'], transform: ['[', ']'], load: ['[\\', '\\]'], outside: ['[(', ')]'] } as const

/** A Mermaid flowchart; dotted arrows are inputs that start nothing by themselves. */
export function mermaid({ nodes, edges }: Picture): string {
  const ids = new Map(nodes.map((n, i) => [n.id, `n${i}`]))
  const box = (n: PictureNode) =>
    `${shapes[n.kind][0]}"${[`<b>${quoted(n.title)}</b>`, ...n.lines.map(quoted)].join('<br/>')}"${shapes[n.kind][1]}`
  return [
    'flowchart LR',
    ...nodes.map(n => `  ${ids.get(n.id)}${box(n)}:::${n.kind}`),
    ...edges.map(e => `  ${ids.get(e.from)} ${e.triggering ? '-->' : '-.->'}${e.label ? `|"${quoted(e.label)}"|` : ''} ${ids.get(e.to)}`),
    '  classDef ingest fill:#e0f2fe,stroke:#0369a1,color:#0c4a6e',
    '  classDef transform fill:#f1f5f9,stroke:#475569,color:#0f172a',
    '  classDef load fill:#dcfce7,stroke:#15803d,color:#14532d',
    '  classDef outside fill:#fef3c7,stroke:#b45309,color:#78350f',
  ].join('\n')
}

const quoted = (text: string) => text.replaceAll('"', '#quot;').replaceAll('<', '#lt;')
