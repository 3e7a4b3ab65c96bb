import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CrewDesk } from './crew-desk.ts'
import type { Airport, Strike } from './history.ts'
import { json, type Reply } from './reply.ts'
import type { WorldFiles } from './world.ts'

/** The addresses of the services outside, and how to end them. */
export interface Servers {
  airports: string
  strikes: string
  crewDesk: string
  close(): Promise<void>
}

/** What callers must bring; there is nothing to keep secret in a demo. */
export const airportsKey = 'demo-airports-key'
export const crewDeskToken = 'demo-crew-desk-token'

/** Starts the services outside on loopback, each at a port that was free. `crewDeskFile` keeps what the crew desk was sent. */
export async function startServers(files: WorldFiles, crewDeskFile: string): Promise<Servers> {
  const desk = new CrewDesk(crewDeskFile, crewDeskToken)
  const airports = await listen(airportsApi(JSON.parse(readFileSync(files.airports, 'utf8')) as Airport[]))
  const strikes = await listen(strikesApi(JSON.parse(readFileSync(files.strikes, 'utf8')) as Strike[]))
  const crewDesk = await listen((request, url) => desk.answer(request, url))
  return {
    airports: airports.address,
    strikes: strikes.address,
    crewDesk: crewDesk.address,
    close: async () => {
      await Promise.all([airports, strikes, crewDesk].map(service => service.close()))
      desk.close()
    },
  }
}

type Service = (request: IncomingMessage, url: URL) => Reply | Promise<Reply>

const PAGE = 500

/** All airports, a page at a time; on every seventh day of a month it is too busy for the third page when first asked. */
function airportsApi(airports: Airport[]): Service {
  const refused = new Set<string>()
  return (request, url) => {
    if (url.pathname !== '/airports') return json(404, { error: 'there are only /airports' })
    if (request.headers['x-api-key'] !== airportsKey) return json(401, { error: 'x-api-key is missing or unknown' })
    const page = Number(url.searchParams.get('page') ?? 1)
    const date = url.searchParams.get('date') ?? ''
    if (page === 3 && Number(date.slice(8)) % 7 === 0 && !refused.has(date)) {
      refused.add(date)
      return json(429, { error: 'too many requests' }, { 'retry-after': '1' })
    }
    const items = airports.slice((page - 1) * PAGE, page * PAGE)
    return json(200, { page, pages: Math.ceil(airports.length / PAGE), airports: items })
  }
}

/** The strikes of one day, as XML. */
function strikesApi(strikes: Strike[]): Service {
  return (_, url) => {
    const date = url.searchParams.get('date') ?? ''
    if (url.pathname !== '/strikes' || !/^\d{4}-\d{2}-\d{2}$/.test(date)) return { status: 400, body: 'ask for /strikes?date=2001-02-14' }
    const items = strikes.filter(strike => strike.date === date).map(strikeXml)
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<strikes date="${date}">\n${items.join('')}</strikes>\n`
    return { status: 200, body, headers: { 'content-type': 'application/xml' } }
  }
}

function strikeXml({ id, ...fields }: Strike): string {
  const elements = Object.entries(fields).map(([name, value]) =>
    value === null ? `<${name}/>` : `<${name}>${escaped(String(value))}</${name}>`,
  )
  return `  <strike id="${id}">${elements.join('')}</strike>\n`
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }
const escaped = (text: string) => text.replace(/[&<>]/g, c => escapes[c]!)

async function listen(service: Service): Promise<{ address: string; close(): Promise<void> }> {
  const server = createServer((request, response) => void respond(service, request, response))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => closed(server) }
}

async function respond(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const answer = await service(request, new URL(request.url ?? '/', 'http://localhost'))
    response.writeHead(answer.status, answer.headers).end(answer.body)
  } catch (error) {
    response.writeHead(500).end(String(error))
  }
}

/** Connections that clients keep open for their next request would keep the process alive. */
function closed(server: Server): Promise<void> {
  const done = new Promise<void>(resolve => server.close(() => resolve()))
  server.closeAllConnections()
  return done
}
