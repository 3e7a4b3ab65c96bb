import { type EdgeLabel, Graph, type GraphLabel, layout, type NodeLabel } from '@dagrejs/dagre'
import type { Picture, PictureEdge, PictureNode } from './graph-picture.ts'

const font = 'ui-sans-serif, system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif'
// Widths are guesses, since nothing here can measure text: wide enough for the widest usual font at these sizes.
const TITLE_PX = 8.2
const LINE_PX = 6.9
const LABEL_PX = 6.2
const PADDING = 14
const TITLE_HEIGHT = 20
const LINE_HEIGHT = 16
const STRIPE = 5

const colours = {
  ingest: { fill: '#f0f9ff', line: '#0284c7' },
  transform: { fill: '#f8fafc', line: '#64748b' },
  load: { fill: '#f0fdf4', line: '#16a34a' },
  outside: { fill: '#fffbeb', line: '#d97706' },
} as const

/** A drawing in layers, sources at the left; it needs no script, style sheet or font of its own. */
export function svg(picture: Picture): string {
  const graph = laidOut(picture)
  const nodes = new Map(picture.nodes.map(n => [n.id, n]))
  const { width = 0, height = 0 } = graph.graph() as GraphLabel
  const labels = picture.edges.map((edge, i) => edgeLabel(graph.edge({ v: edge.from, w: edge.to, name: String(i) }), edge))
  const legendY = height + 8
  const legend = legendOf(picture, legendY)
  const [w, h] = [Math.ceil(Math.max(width, legend.width)), Math.ceil(legendY + 36)]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${w} ${h}" width="${w}" height="${h}" font-family='${font}' role="img" aria-label="The graph of tasks">`,
    '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.5 8 4 0 7.5z" fill="#64748b"/></marker></defs>',
    `<rect width="${w}" height="${h}" fill="#ffffff"/>`,
    ...picture.edges.map((edge, i) => path(graph.edge({ v: edge.from, w: edge.to, name: String(i) }), edge)),
    ...graph.nodes().map((id: string) => box(graph.node(id), nodes.get(id)!)),
    ...labels,
    legend.text,
    '</svg>',
  ]
    .filter(Boolean)
    .join('\n')
}

function laidOut({ nodes, edges }: Picture): Graph<GraphLabel, NodeLabel, EdgeLabel> {
  const graph = new Graph<GraphLabel, NodeLabel, EdgeLabel>({ multigraph: true })
  graph.setGraph({ rankdir: 'LR', nodesep: 22, ranksep: 56, edgesep: 14, marginx: 20, marginy: 20 })
  for (const n of nodes) {
    const text = Math.max(n.title.length * TITLE_PX, ...n.lines.map(l => l.length * LINE_PX))
    graph.setNode(n.id, { width: text + 2 * PADDING + STRIPE, height: TITLE_HEIGHT + n.lines.length * LINE_HEIGHT + PADDING })
  }
  edges.forEach((e, i) => {
    const size = e.label ? { width: e.label.length * LABEL_PX + 12, height: 18, labelpos: 'c' as const } : {}
    graph.setEdge(e.from, e.to, size, String(i))
  })
  layout(graph)
  atPorts(graph, edges)
  return graph
}

/** Edges leave at the right and arrive at the left, side by side in the order of where they come from and go to. */
function atPorts(graph: Graph<GraphLabel, NodeLabel, EdgeLabel>, edges: readonly PictureEdge[]) {
  const routes = edges.map((e, i) => ({ ...e, points: graph.edge({ v: e.from, w: e.to, name: String(i) }).points! }))
  const side = (end: 'from' | 'to', next: number, last: number, direction: 1 | -1) => {
    for (const [id, group] of Map.groupBy(routes, r => r[end])) {
      const { x = 0, y = 0, width = 0, height = 0 } = graph.node(id)
      group.sort((a, b) => a.points.at(next)!.y - b.points.at(next)!.y)
      group.forEach((route, i) => {
        route.points[last < 0 ? route.points.length - 1 : last] = {
          x: x + (direction * width) / 2,
          y: y - height / 2 + (height * (i + 1)) / (group.length + 1),
        }
      })
    }
  }
  side('from', 1, 0, 1)
  side('to', -2, -1, -1)
}

function box(at: NodeLabel, node: PictureNode): string {
  const { fill, line } = colours[node.kind]
  const { width = 0, height = 0 } = at
  const [x, y] = [round(at.x! - width / 2), round(at.y! - height / 2)]
  const textX = round(x + PADDING + STRIPE)
  const texts = node.lines.map(
    (text, i) =>
      `<text x="${textX}" y="${round(y + PADDING / 2 + TITLE_HEIGHT + 11 + i * LINE_HEIGHT)}" font-size="12" fill="#475569">${escaped(text)}</text>`,
  )
  const dash = node.kind === 'outside' ? ' stroke-dasharray="5 3"' : ''
  return [
    `<g><title>${escaped([node.title, ...node.lines].join('\n'))}</title>`,
    `<rect x="${x}" y="${y}" width="${round(width)}" height="${round(height)}" rx="7" fill="${fill}" stroke="${line}"${dash}/>`,
    `<rect x="${x + 4}" y="${y + 5}" width="${STRIPE - 1}" height="${round(height - 10)}" rx="2" fill="${line}"/>`,
    `<text x="${textX}" y="${round(y + PADDING / 2 + 15)}" font-size="14" font-weight="600" fill="#0f172a">${escaped(node.title)}</text>`,
    ...texts,
    '</g>',
  ].join('')
}

/** A smooth curve through the layout's points, leaving and arriving level. */
function path(at: EdgeLabel, edge: PictureEdge): string {
  const points = at.points!
  let d = `M${round(points[0]!.x)} ${round(points[0]!.y)}`
  for (let i = 1; i < points.length; i++) {
    const [a, b] = [points[i - 1]!, points[i]!]
    const middle = round((a.x + b.x) / 2)
    d += `C${middle} ${round(a.y)} ${middle} ${round(b.y)} ${round(b.x)} ${round(b.y)}`
  }
  const dash = edge.triggering ? '' : ' stroke-dasharray="5 4"'
  return `<path d="${d}" fill="none" stroke="#94a3b8" stroke-width="1.4"${dash} marker-end="url(#arrow)"/>`
}

function edgeLabel(at: EdgeLabel, edge: PictureEdge): string {
  if (!edge.label) return ''
  const width = edge.label.length * LABEL_PX + 8
  return [
    `<rect x="${round(at.x! - width / 2)}" y="${round(at.y! - 9)}" width="${round(width)}" height="17" rx="4" fill="#ffffff" opacity="0.92"/>`,
    `<text x="${round(at.x!)}" y="${round(at.y! + 3.5)}" font-size="11" fill="#475569" text-anchor="middle">${escaped(edge.label)}</text>`,
  ].join('')
}

/** Says what the colours and the dashed lines mean, of what the picture has. */
function legendOf(picture: Picture, y: number): { text: string; width: number } {
  let x = 24
  const items: string[] = []
  const word = (text: string, mark: (x: number) => string) => {
    items.push(`${mark(x)}<text x="${x + 22}" y="${y + 12}" font-size="11" fill="#475569">${text}</text>`)
    x += 22 + text.length * LABEL_PX + 20
  }
  for (const kind of ['outside', 'ingest', 'transform', 'load'] as const) {
    if (!picture.nodes.some(n => n.kind === kind)) continue
    const { fill, line } = colours[kind]
    word(kind, at => `<rect x="${at}" y="${y + 2}" width="16" height="12" rx="3" fill="${fill}" stroke="${line}"/>`)
  }
  if (picture.edges.some(e => !e.triggering))
    word(
      'taken as it is, starts nothing',
      at => `<path d="M${at} ${y + 8}h16" stroke="#94a3b8" stroke-width="1.4" stroke-dasharray="5 4"/>`,
    )
  return { text: `<g>${items.join('')}</g>`, width: x }
}

const round = (n: number) => Math.round(n * 10) / 10
const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string) => text.replace(/[&<>"]/g, c => entities[c]!)
