import type { IncomingMessage } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { json, type Reply } from './reply.ts'

/**
 * The crew desk's API, which plans crews around routes that run late. It takes a delivery once an idempotency key, refuses senders
 * that a newer attempt has taken over from, and keeps what it got in a file of its own.
 */
export class CrewDesk {
  readonly #db: DatabaseSync
  readonly #token: string

  constructor(file: string, token: string) {
    this.#token = token
    this.#db = new DatabaseSync(file)
    this.#db.exec(`
      pragma journal_mode = wal;
      create table if not exists deliveries (idempotency_key text primary key, subject text not null, routes text not null);
      create table if not exists fences (subject text primary key, generation integer not null, attempt integer not null);`)
  }

  /** `POST /late-routes` takes a delivery; `GET /late-routes` tells what was taken. */
  async answer(request: IncomingMessage, url: URL): Promise<Reply> {
    if (url.pathname !== '/late-routes') return json(404, { error: 'there are only /late-routes' })
    if (request.headers.authorization !== `Bearer ${this.#token}`) return json(401, { error: 'the token is missing or unknown' })
    if (request.method === 'GET') return json(200, this.#db.prepare('select idempotency_key, routes from deliveries order by 1').all())
    if (request.method !== 'POST') return json(405, { error: 'GET or POST' })
    return this.#take(
      String(request.headers['idempotency-key'] ?? ''),
      String(request.headers['redeye-fence'] ?? ''),
      await textOf(request),
    )
  }

  #take(key: string, fence: string, body: string): Reply {
    // The key begins with task and partition: what is delivered, whoever sends it.
    const [task, partition] = key.split('/')
    const [generation, attempt] = fence.split('.').map(Number)
    if (!task || !partition || !generation || !attempt) return json(400, { error: 'Idempotency-Key and Redeye-Fence are needed' })
    if (!this.#raise(`${task}/${partition}`, generation, attempt)) return json(412, { error: 'a newer attempt has taken over' })
    const taken = this.#db
      .prepare('insert into deliveries values (?, ?, ?) on conflict do nothing')
      .run(key, `${task}/${partition}`, JSON.stringify(JSON.parse(body)))
    return Number(taken.changes) === 1 ? json(201, { taken: true }) : json(200, { taken: false, why: 'was taken before' })
  }

  /** Whether nobody newer was here. */
  #raise(subject: string, generation: number, attempt: number): boolean {
    const raised = this.#db
      .prepare(
        `insert into fences values (?, ?, ?) on conflict do update set generation = excluded.generation, attempt = excluded.attempt
         where (generation, attempt) <= (excluded.generation, excluded.attempt)`,
      )
      .run(subject, generation, attempt)
    return Number(raised.changes) === 1
  }

  close(): void {
    this.#db.close()
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}
