import { type EventPattern, matchesPattern, patternsOf, platformPatterns } from '../../shared/core/events.ts'

const event = (type: string, detail: object, source = 'redeye') => ({ source, 'detail-type': type, detail })
const takes = (patterns: EventPattern[], ...args: Parameters<typeof event>) => patterns.some(p => matchesPattern(p, event(...args)))

describe('a task’s events', () => {
  const input = (dataset: string) => ({ dataset })
  const patternsOfTask = () =>
    patternsOf({ task: 'clean-orders', inputs: [input('orders'), input('prices'), input('orders')], onNight: false })

  test('are versions of its inputs, each named once, and what names the task', () => {
    const patterns = patternsOfTask()
    expect(patterns).toEqual([
      { source: ['redeye'], 'detail-type': ['DatasetReady'], detail: { dataset: ['orders', 'prices'] } },
      { source: ['redeye'], 'detail-type': ['RunDue', 'RunsConcerned', 'RunCancelled', 'RunApproved'], detail: { task: ['clean-orders'] } },
    ])
    expect(takes(patterns, 'DatasetReady', { dataset: 'orders' })).toBe(true)
    expect(takes(patterns, 'DatasetReady', { dataset: 'clean' })).toBe(false)
    expect(takes(patterns, 'DatasetReady', { dataset: 'orders' }, 'elsewhere')).toBe(false)
    expect(takes(patterns, 'RunDue', { task: 'clean-orders' })).toBe(true)
    expect(takes(patterns, 'RunDue', { task: 'other' })).toBe(false)
    expect(takes(patterns, 'NightStarted', { date: '2001-02-14' })).toBe(false)
  })

  test('are nights where it runs on them, and no versions where it has no inputs', () => {
    const ingest = patternsOf({ task: 'read-orders', inputs: [], onNight: true })
    expect(ingest.map(p => p['detail-type'][0])).toEqual(['RunDue', 'NightStarted'])
    expect(takes(ingest, 'NightStarted', { date: '2001-02-14' })).toBe(true)
    expect(takes(ingest, 'NightStarted', { date: '2001-02-14' }, 'elsewhere')).toBe(false)
  })
})

test('the platform’s functions take what is not a task’s', () => {
  const of = (name: keyof typeof platformPatterns, type: string) => takes(platformPatterns[name], type, {})
  expect(of('night', 'NightStarted')).toBe(true)
  for (const type of ['RunRequested', 'TaskPaused', 'TaskResumed', 'PartitionSkipped', 'PlaceFreed'])
    expect(of('requests', type)).toBe(true)
  expect(of('deliveries', 'VersionDelivered')).toBe(true)
  expect(takes(platformPatterns.deliveries, 'VersionDelivered', {}, 'elsewhere')).toBe(false)
})

test('what no task hears for its misspelt name or type, the platform does; of what there is much of it hears nothing more', () => {
  const of = (type: string) => Object.values(platformPatterns).filter(patterns => takes(patterns, type, { task: 'clean-oders' })).length
  for (const type of ['RunCancelled', 'RunApproved', 'RunCanceled', 'TaskPause', 'datasetReady'])
    expect([type, of(type)]).toEqual([type, 1])
  for (const type of ['DatasetReady', 'RunDue', 'RunsConcerned']) expect([type, of(type)]).toEqual([type, 0])
  for (const type of ['NightStarted', 'VersionDelivered', 'PlaceFreed']) expect([type, of(type)]).toEqual([type, 1])
  expect(takes(platformPatterns.requests, 'RunCanceled', {}, 'elsewhere')).toBe(false)
})
