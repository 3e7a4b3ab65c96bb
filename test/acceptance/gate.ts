import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of a request: it passes, is told to come back much later, or gets no answer at all. */
export type Fate = 'pass' | 'busy' | 'silence'

/** A service outside, behind a gate that a test may close. */
export interface Gate {
  address: string
  /** Who decides about each request from now on, by its query's date; everything passes unless told. */
  decideBy(judge: (date: string) => Fate | Promise<Fate>): void
  close(): Promise<void>
}

/** Puts a gate before a service on loopback. */
export async function gateBefore(target: string): Promise<Gate> {
  let judge: (date: string) => Fate | Promise<Fate> = () => 'pass'
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, target)
    const fate = await judge(url.searchParams.get('date') ?? '')
    if (fate === 'silence') return
    // Longer than anyone waits within an attempt: it fails at once, and may be tried again.
    if (fate === 'busy') return void response.writeHead(503, { 'retry-after': '3600' }).end()
    const answer = await fetch(url)
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(await answer.text())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    decideBy: by => {
      judge = by
    },
    close: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
