import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Api {
  url: string
  /** Paths with queries, in the order in which they came. */
  requests: string[]
  headers: IncomingMessage['headers'][]
  close(): Promise<void>
}

/** A real server on loopback, at a port of its own; whoever starts one closes it. */
export async function api(answer: (request: IncomingMessage, response: ServerResponse, url: URL) => void): Promise<Api> {
  const requests: string[] = []
  const headers: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    requests.push(request.url!)
    headers.push(request.headers)
    answer(request, response, new URL(request.url!, 'http://localhost'))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    headers,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Runs a test against such a server, and closes it whatever happens. */
export async function withApi(answer: Parameters<typeof api>[0], use: (server: Api) => Promise<void>): Promise<void> {
  const server = await api(answer)
  try {
    await use(server)
  } finally {
    await server.close()
  }
}

export function json(response: ServerResponse, body: unknown, headers: Record<string, string> = {}, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}
