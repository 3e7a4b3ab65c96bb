import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import type { AttemptName } from '../ports/workers.ts'

/** What a trace is found by: X-Ray indexes such values, of letters, digits and the like. */
export type Annotations = Record<string, string | number | undefined>
export type Environment = Readonly<Record<string, string | undefined>>

/** What an invocation is told by whether it is traced. */
export const TRACE_HEADER = 'X-Amzn-Trace-Id'

/**
 * The header of an attempt's invocation: whether it is traced, so many of a hundred being so. Lambda heeds it; left to itself it would trace
 * the first invocation of every second and one in twenty of the others, and nobody may say otherwise (its guide: Node.js, X-Ray). The same
 * attempt is always answered alike. What else the own invocation's header tells goes on: whose it is, and Lambda's count of loops.
 */
export function traceHeader({ task, partition, generation, attempt }: AttemptName, share: number, env: Environment): string {
  const { Root, Lineage } = fieldsOf(env._X_AMZN_TRACE_ID)
  const hash = createHash('sha256').update(`${task}@${partition} g${generation}-a${attempt}`).digest()
  const sampled = hash.readUInt32BE() < share * 2 ** 32
  return [`Root=${Root ?? newRoot()}`, `Sampled=${sampled ? 1 : 0}`, ...(Lineage ? [`Lineage=${Lineage}`] : [])].join(';')
}

/** A trace's id: when it began, in seconds, and something of its own. */
const newRoot = () => `1-${Math.floor(Date.now() / 1000).toString(16)}-${randomBytes(12).toString('hex')}`

/**
 * Does some work as a part of the invocation's trace, under annotations by which it is found. Whether an attempt is traced was said when it
 * was started; of the others this is nothing but the work.
 *
 * @example
 * await traced('clean-orders', { partition: '2001-02-14', lane: 'nightly' }, async () => {}, process.env)
 */
export async function traced<T>(name: string, annotations: Annotations, work: () => Promise<T>, env: Environment): Promise<T> {
  const trace = sampled(env._X_AMZN_TRACE_ID)
  if (!trace || !env.AWS_XRAY_DAEMON_ADDRESS) return work()
  const began = Date.now()
  let fault = true
  try {
    const done = await work()
    fault = false
    return done
  } finally {
    const part = { ...partOf(trace, name, began), annotations, ...(fault && { fault }) }
    // A trace that is lost is no reason to fail.
    await tell(env.AWS_XRAY_DAEMON_ADDRESS, part).catch(() => undefined)
  }
}

/** `Root=1-…;Parent=…;Sampled=1`, as Lambda sets it for each invocation. */
function sampled(header: string | undefined): { root: string; parent: string } | undefined {
  const fields = fieldsOf(header)
  return fields.Sampled === '1' && fields.Root && fields.Parent ? { root: fields.Root, parent: fields.Parent } : undefined
}

const fieldsOf = (header = ''): Record<string, string | undefined> => Object.fromEntries(header.split(';').map(field => field.split('=')))

/** A part of a trace as X-Ray's daemon takes it; times are in seconds. */
const partOf = ({ root, parent }: { root: string; parent: string }, name: string, began: number) => ({
  name: name.slice(0, 200),
  id: randomBytes(8).toString('hex'),
  trace_id: root,
  parent_id: parent,
  type: 'subsegment',
  start_time: began / 1000,
  end_time: Date.now() / 1000,
})

/** Awaited, since after its answer a function is frozen with what it still holds. */
function tell(address: string, part: object): Promise<void> {
  const [, host, port] = /^(?:udp:)?(.+):(\d+)$/.exec(address)!
  const socket = createSocket('udp4')
  return new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.send(`{"format":"json","version":1}\n${JSON.stringify(part)}`, Number(port), host, error => (error ? reject(error) : resolve()))
  }).finally(() => socket.close())
}
