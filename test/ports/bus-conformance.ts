import { EventEmitter, once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { RedeyeError } from '../../shared/core/errors.ts'
import type { Envelope, EventPattern, NewEvent } from '../../shared/core/events.ts'
import type { Bus } from '../../shared/ports/bus.ts'
import type { DeadLetters } from '../../shared/ports/dead-letters.ts'
import type { Timers } from '../../shared/ports/timers.ts'

export interface BusUnderTest {
  bus: Bus & Timers & DeadLetters
  letters(): Promise<{ function: string; reason: string; event: unknown }[]>
  /** Ends the process that delivers, as a crash does, and starts the next on the same state. */
  restart(): Promise<void>
  close(): Promise<void>
}
/** Opens a bus with these subscriptions; `deliver` handles an event for a target. */
export type OpenBus = (
  routes: Record<string, EventPattern[]>,
  deliver: (target: string, event: Envelope) => Promise<void>,
) => Promise<BusUnderTest>

const ready = (dataset: string, partition = '2001-02-14'): NewEvent => ({
  type: 'DatasetReady',
  detail: { dataset, partition, number: 1, at: 0, cause: { lane: 'nightly' } },
})
const takes = (dataset: string): EventPattern[] => [{ source: ['redeye'], 'detail-type': ['DatasetReady'], detail: { dataset: [dataset] } }]
const nights: EventPattern[] = [{ source: ['redeye'], 'detail-type': ['NightStarted'] }]

export function busConformance(name: string, open: OpenBus): void {
  describe(`the bus: ${name}`, () => {
    let under: BusUnderTest
    const heard: [string, Envelope][] = []
    const news = new EventEmitter()
    let handle: (target: string, event: Envelope) => Promise<void> = async () => {}
    const start = async (routes: Record<string, EventPattern[]>) => {
      under = await open(routes, async (target, event) => {
        heard.push([target, event])
        news.emit('heard')
        await handle(target, event)
      })
    }
    const hear = async (count: number) => {
      while (heard.length < count) await once(news, 'heard')
    }
    beforeEach(() => {
      heard.length = 0
      handle = async () => {}
    })
    afterEach(() => under.close())

    test('an event reaches whoever’s pattern it matches, in the envelope that EventBridge gives', async () => {
      await start({ 'clean-flights': takes('flights'), 'clean-logs': takes('logs'), weather: nights })
      await under.bus.publish([ready('flights'), { type: 'NightStarted', detail: { date: '2001-02-14' } }])
      await hear(2)
      expect(heard.map(([target]) => target).sort()).toEqual(['clean-flights', 'weather'])
      const [, event] = heard.find(([target]) => target === 'clean-flights')!
      expect(event).toMatchObject({
        version: '0',
        source: 'redeye',
        'detail-type': 'DatasetReady',
        detail: { dataset: 'flights', partition: '2001-02-14' },
      })
      expect(event.id).toMatch(/./)
    })

    test('several who take one event each get it; nobody who does not', async () => {
      await start({ a: takes('flights'), b: takes('flights'), c: takes('logs') })
      await under.bus.publish([ready('flights')])
      await hear(2)
      expect(heard.map(([target]) => target).sort()).toEqual(['a', 'b'])
    })

    test('what could not be handled is delivered again', async () => {
      await start({ a: takes('flights') })
      let tries = 0
      handle = async () => {
        if (++tries < 3) throw new Error('not yet')
      }
      await under.bus.publish([ready('flights')])
      await hear(3)
      expect(await under.letters()).toEqual([])
    })

    test('what the sender did wrong goes to the dead letters at once, with its reason, and holds up nothing', async () => {
      await start({ a: takes('flights') })
      handle = async (_, event) => {
        if ((event.detail as { partition: string }).partition === 'poison')
          throw new RedeyeError('BAD_PARTITION', '"poison" is no partition')
      }
      await under.bus.publish([ready('flights', 'poison'), ready('flights')])
      await hear(2)
      while ((await under.letters()).length === 0) await wait(5)
      expect(await under.letters()).toMatchObject([
        { function: 'a', reason: '"poison" is no partition', event: { detail: { partition: 'poison' } } },
      ])
    })

    test('a timer’s event comes when it is due and not before; set twice it comes once', async () => {
      await start({ a: takes('flights'), b: takes('logs') })
      await under.bus.set(Date.now() + 3_600_000, ready('flights'))
      for (let i = 0; i < 2; i++) await under.bus.set(1000, ready('logs'))
      await hear(1)
      await wait(30)
      expect(heard.map(([target]) => target)).toEqual(['b'])
    })

    test('after a crash, what was not handled is delivered, and a timer that fell due meanwhile fires', async () => {
      await start({ a: takes('flights'), b: takes('logs') })
      handle = () => new Promise(() => {})
      await under.bus.publish([ready('flights')])
      await hear(1)
      await under.bus.set(Date.now() + 40, ready('logs'))
      await new Promise(resolve => setImmediate(resolve))
      handle = async () => {}
      await under.restart()
      await hear(3)
      expect(heard.map(([target]) => target).sort()).toEqual(['a', 'a', 'b'])
    })
  })
}
