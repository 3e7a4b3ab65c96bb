import { RedeyeError } from '../shared/core/errors.ts'
import type { NewEvent } from '../shared/core/events.ts'
import type { Bus } from '../shared/ports/bus.ts'
import type { Letter, LetterBox } from '../shared/ports/dead-letters.ts'
import { exits } from './exits.ts'
import { firstLine, instantText } from './measures.ts'
import { openState } from './open-state.ts'
import { count, paint, say, table, toJson } from './output.ts'

export interface DlqOptions {
  /** A deployed stage; the state folder's letters unless given. */
  stage?: string
  state?: string
  json?: boolean
}

/** The letters that a command works on, and where they are sent again. */
interface Office {
  letters: LetterBox
  bus: Bus
  close(): void
}

/** Lists what could not be handled, sends it again, or drops it. */
export async function dlq(root: () => string, action: string, wanted: readonly string[], options: DlqOptions): Promise<number> {
  if (action !== 'list' && wanted.length === 0)
    throw new RedeyeError('BAD_ARGUMENT', `redeye dlq ${action} needs to know which letters`, {
      remedy: `name them as redeye dlq list does, or write: redeye dlq ${action} all`,
    })
  const office = await openOffice(root, options)
  try {
    const letters = await office.letters.take()
    const chosen = await chosenOf(letters, wanted).catch(async error => {
      await office.letters.giveBack(letters)
      throw error
    })
    if (action === 'list') return await list(office, letters, chosen, options)
    return await carryOut(office, action as 'resend' | 'drop', letters, chosen)
  } finally {
    office.close()
  }
}

async function openOffice(root: () => string, { stage, state }: DlqOptions): Promise<Office> {
  if (stage !== undefined) {
    const [{ stageLetters }, { configuredRegion }] = await Promise.all([
      import('../shared/aws/stage.ts'),
      import('../shared/aws/configured-region.ts'),
    ])
    return { ...(await stageLetters(stage, await configuredRegion())), close: () => {} }
  }
  const [{ localLetters }, { leaveEvents }] = await Promise.all([
    import('../shared/local/dead-letters.ts'),
    import('../shared/local/bus.ts'),
  ])
  const { ledger, close } = openState(root(), state)
  // The runtime that runs takes it up, or the next one.
  return { letters: localLetters(ledger), bus: { publish: async events => void leaveEvents(ledger, events) }, close }
}

/** The letters by their ids, or by what these begin with; `all`, or none named, are all. */
async function chosenOf(letters: readonly Letter[], wanted: readonly string[]): Promise<Letter[]> {
  if (wanted.length === 0 || wanted.includes('all')) return [...letters]
  return wanted.map(id => {
    const exact = letters.filter(l => l.id === id)
    const found = exact.length > 0 ? exact : letters.filter(l => l.id.startsWith(id))
    if (found.length === 1) return found[0]!
    throw new RedeyeError(
      'UNKNOWN_NAME',
      found.length === 0 ? `there is no letter ${id}` : `${id} may be ${count(found.length, 'letter')}`,
      {
        remedy: 'redeye dlq list shows the ids',
      },
    )
  })
}

async function list(office: Office, letters: Letter[], chosen: Letter[], { json }: DlqOptions): Promise<number> {
  await office.letters.giveBack(letters)
  if (json) {
    const shown = chosen.map(({ id, at, function: name, reason, event }) => ({
      id,
      at: new Date(at).toISOString(),
      function: name,
      reason,
      event,
    }))
    say(toJson(shown, 2))
  } else if (chosen.length === 0) say('No dead letters.')
  else {
    const columns = ['letter', 'came', 'function', 'event', 'reason'].map(title => ({ title }))
    const rows = chosen.map(l => [shortId(l), instantText(l.at), l.function, eventText(l.event), paint('red', firstLine(l.reason))])
    for (const line of table(columns, rows)) say(line)
  }
  return exits.ok
}

// SQS’s ids are long; of a hundred letters no two begin alike for so long.
const shortId = ({ id }: Letter) => id.slice(0, 8)

/** `RunDue clean-orders@2001-02-14`, as far as it can be told. */
function eventText(event: unknown): string {
  const { 'detail-type': type, detail } = (event ?? {}) as { 'detail-type'?: unknown; detail?: Record<string, unknown> }
  if (typeof type !== 'string') return 'no event'
  const { task, dataset, partition, date } = detail ?? {}
  const about = partition === undefined ? (task ?? dataset ?? date) : `${task ?? dataset}@${partition}`
  return about === undefined ? type : `${type} ${about}`
}

async function carryOut(office: Office, action: 'resend' | 'drop', letters: Letter[], chosen: Letter[]): Promise<number> {
  const [done, unfit] = [[] as Letter[], [] as Letter[]]
  const events: NewEvent[] = []
  for (const letter of chosen) {
    const event = action === 'resend' ? newEventOf(letter.event) : undefined
    if (event) events.push(event)
    if (event || action === 'drop') done.push(letter)
    else unfit.push(letter)
  }
  try {
    // Sent first: a letter that is sent and then not removed is sent again, and that changes nothing.
    await office.bus.publish(events)
    await office.letters.remove(done)
  } catch (error) {
    await office.letters.giveBack(letters)
    throw error
  }
  await office.letters.giveBack(letters.filter(l => !done.includes(l)))
  for (const letter of unfit) sayUnfit(letter)
  say(`${count(done.length, 'letter')} ${action === 'resend' ? 'sent again' : 'dropped'}; ${letters.length - done.length} left.`)
  return unfit.length === 0 ? exits.ok : exits.no
}

function sayUnfit(letter: Letter): void {
  say(`${paint('red', shortId(letter))} holds no event of Redeye’s and cannot be sent again: ${toJson(letter.event).slice(0, 120)}`)
  say(`  The sweep repairs what did not follow from it; redeye dlq drop ${shortId(letter)} removes it.`)
}

// Without an id of their own these are known by their event's: sent again, as another event, they keep it and are the same.
const knownByTheirEvent = ['RunRequested', 'VersionDelivered']

/** The event to be sent again; undefined for what is none of Redeye's. */
function newEventOf(event: unknown): NewEvent | undefined {
  const { id, 'detail-type': type, detail, source } = (event ?? {}) as Record<string, unknown>
  if (typeof type !== 'string' || typeof detail !== 'object' || detail === null || source !== 'redeye') return undefined
  const named = knownByTheirEvent.includes(type) && typeof id === 'string' ? { id, ...detail } : detail
  return { type, detail: named } as unknown as NewEvent
}
