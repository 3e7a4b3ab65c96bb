import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'

/** What a trace is found by: X-Ray indexes such values, of letters, digits and the like. */
export type Annotations = Record<string, string | number | undefined>
export type Environment = Readonly<Record<string, string | undefined>>

/**
 * Does some work as a part of the invocation's trace, under annotations by which it is found. Which invocations are traced, one in a
 * hundred, is the stage's sampling rule's to say; of the others this is nothing but the work.
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
  const fields = Object.fromEntries((header ?? '').split(';').map(field => field.split('=')))
  return fields.Sampled === '1' && fields.Root && fields.Parent ? { root: fields.Root, parent: fields.Parent } : undefined
}

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
