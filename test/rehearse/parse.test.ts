import { RedeyeError } from '../../shared/core/errors.ts'
import { openStory, parseStory } from '../../shared/rehearse/parse.ts'
import type { Step, StoryGraph } from '../../shared/rehearse/story.ts'

const weekly = `story: A weekly report waits for its seven days and runs once
now: 2026-03-09T06:00:00Z
datasets:                                  # a dataset without a producing task is made outside: see \`ready\`
  orders: { partition: daily, from: 2026-03-01, timezone: Europe/Madrid }
  clean:  { partition: daily, from: 2026-03-01, timezone: Europe/Madrid }
  report: { partition: weekly, from: 2026-03-01, timezone: Europe/Madrid }
tasks:
  clean-orders:  { inputs: { orders: same }, output: clean, retry: { attempts: 3, backoff: 1m } }
  weekly-report: { inputs: { clean: overlapping }, output: report }
steps:
  - ready: orders@2026-03-02..2026-03-07
  - expect:
      started: [clean-orders@2026-03-02..2026-03-07]
      state: { weekly-report@2026-W10: waiting }
      missing: { weekly-report@2026-W10: [clean@2026-03-08] }
  - outcome: { clean-orders@2026-03-08: [transient, ok] }
  - ready: orders@2026-03-08
  - expect: { state: { clean-orders@2026-03-08: queued } }
  - advance: 2m
  - expect:
      started: [clean-orders@2026-03-08 x2, weekly-report@2026-W10]
      generation: { weekly-report@2026-W10: 1 }
  - redeliver: all
  - expect: { started: [], quiet: true }
`
const clean = (partition: string) => ({ task: 'clean-orders', dataset: 'clean', partition })
const report = { task: 'weekly-report', dataset: 'report', partition: '2026-W10' }

test('a story is read whole, with ranges and counts spelled out', () => {
  const story = parseStory(weekly, 'weekly.yaml')
  expect(story).toMatchObject({
    story: 'A weekly report waits for its seven days and runs once',
    now: Date.UTC(2026, 2, 9, 6),
    file: 'weekly.yaml',
    graph: undefined,
  })
  expect(story.datasets).toMatchObject([
    { dataset: 'orders', outside: true, partitioning: { grain: 'daily', from: '2026-03-01', timezone: 'Europe/Madrid' } },
    { dataset: 'clean', outside: false },
    { dataset: 'report', outside: false, partitioning: { grain: 'weekly' } },
  ])
  expect(story.tasks).toMatchObject([
    {
      task: 'clean-orders',
      output: 'clean',
      inputs: [{ dataset: 'orders', mapping: { map: 'same' }, wait: 'all', onUpdate: 'rerun' }],
      onNight: false,
      retry: { attempts: 3, backoffMs: 60_000, factor: 2, timeouts: 2, losses: 3, jitter: 0 },
    },
    { task: 'weekly-report', retry: { attempts: 1 } },
  ])
  const days = ['02', '03', '04', '05', '06', '07'].map(d => `2026-03-${d}`)
  expect(story.steps).toMatchObject([
    { step: 'ready', line: 11, partitions: days.map(partition => ({ dataset: 'orders', partition })) },
    {
      step: 'expect',
      line: 12,
      expect: {
        started: days.map(d => ({ run: clean(d), times: 1 })),
        state: [{ run: report, state: 'waiting' }],
        missing: [{ run: report, partitions: [{ dataset: 'clean', partition: '2026-03-08' }] }],
        lines: { started: 13, state: 14, missing: 15 },
      },
    },
    { step: 'outcome', line: 16, outcomes: [{ run: clean('2026-03-08'), classes: ['transient', 'ok'] }] },
    { step: 'ready', line: 17 },
    { step: 'expect', line: 18, expect: { state: [{ run: clean('2026-03-08'), state: 'queued' }] } },
    { step: 'advance', line: 19, durationMs: 120_000 },
    {
      step: 'expect',
      expect: {
        started: [
          { run: clean('2026-03-08'), times: 2 },
          { run: report, times: 1 },
        ],
        generation: [{ run: report, count: 1 }],
      },
    },
    { step: 'redeliver', what: 'all' },
    { step: 'expect', expect: { started: [], quiet: true } },
  ])
})

/** A story of one graph with the given steps, from line 20 on. */
const withSteps = (steps: string) => `story: s
now: 2026-03-09T06:00:00Z
datasets:
  hours: { partition: hourly, from: 2026-03-01T05:00:00Z }
  orders: { partition: daily, from: 2026-03-02 }
  clean: { partition: daily, from: 2026-03-02 }
  islands: { partition: daily, timezone: Pacific/Apia }
  parts: { partition: { keys: [emea, apac, 010, 7] } }
  report: { partition: weekly, from: 2026-03-04 }
  made: { partition: { keys: [emea, 7] } }
  total: { partition: unpartitioned }
  pulled: { partition: daily }
tasks:
  cleaner: { inputs: { orders: { map: { trailing: 7 }, wait: { atLeast: 2 }, onUpdate: hold }, clean: { offset: -1 } }, output: clean }
  reporter: { inputs: { clean: { map: overlapping, wait: { optional: 04:30 } }, hours: latest }, output: report, limit: 2 }
  maker: { inputs: { parts: same }, output: made, timeout: 90s }
  totals: { inputs: { parts: all }, output: total, retry: { attempts: 4, factor: 1.5, timeouts: 1, losses: 1 } }
  puller: { output: pulled, on: night }
steps:
${steps}
`
const stepsOf = (steps: string): readonly Step[] => parseStory(withSteps(steps), 'a.yaml').steps

test('mappings and policies are read', () => {
  const tasks = parseStory(withSteps('  - restart: true'), 'a.yaml').tasks
  expect(tasks).toMatchObject([
    {
      inputs: [
        { dataset: 'orders', mapping: { map: 'trailing', n: 7 }, wait: { atLeast: 2 }, onUpdate: 'hold' },
        { dataset: 'clean', mapping: { map: 'offset', k: -1 }, wait: 'all', onUpdate: 'rerun' },
      ],
    },
    { inputs: [{ mapping: { map: 'overlapping' }, wait: { optional: '04:30' } }, { mapping: { map: 'latest' } }], limit: 2 },
    { timeoutMs: 90_000 },
    { inputs: [{ mapping: { map: 'all' } }], retry: { attempts: 4, factor: 1.5, timeouts: 1, losses: 1 } },
    { onNight: true, inputs: [] },
  ])
})

test('every kind of step is read', () => {
  expect(
    stepsOf(`  - night: 2026-03-08
  - ready: [orders@2026-03-02, 'parts@emea..7']
  - hold: [cleaner, maker]
  - finish: cleaner@2026-03-02..2026-03-03
  - finish: { maker@7: { generation: 2, attempt: 1 } }
  - fail: { cleaner@2026-03-04: timeout }
  - until: 2026-03-09T08:00:00+01:00
  - pause: all
  - resume: maker
  - cancel: maker@7
  - approve: cleaner@2026-03-02
  - skip: orders@2026-03-04..2026-03-05
  - lose: 2
  - restart: true
  - request: { id: 7, tasks: [cleaner, reporter], from: 2026-W10, to: 2026-03, run: all, downstream: false, lane: manual, maxActive: 3 }
  - request: { tasks: [maker], from: emea, to: 7 }
  - request: { tasks: [totals], from: all, to: all }`),
  ).toMatchObject([
    { step: 'night', date: '2026-03-08' },
    { step: 'ready', partitions: ['2026-03-02', 'emea', 'apac', '010', '7'].map(partition => ({ partition })) },
    { step: 'hold', tasks: ['cleaner', 'maker'] },
    { step: 'finish', runs: [{ run: { partition: '2026-03-02' } }, { run: { partition: '2026-03-03' } }] },
    { step: 'finish', runs: [{ run: { task: 'maker', dataset: 'made', partition: '7' }, of: { generation: 2, attempt: 1 } }] },
    { step: 'fail', runs: [{ failure: 'timeout' }] },
    { step: 'until', at: Date.UTC(2026, 2, 9, 7) },
    { step: 'pause', task: undefined },
    { step: 'resume', task: 'maker' },
    { step: 'cancel', runs: [{ task: 'maker' }] },
    { step: 'approve', runs: [{ task: 'cleaner' }] },
    { step: 'skip', partitions: [{ partition: '2026-03-04' }, { partition: '2026-03-05' }] },
    { step: 'lose', count: 2 },
    { step: 'restart' },
    {
      step: 'request',
      request: {
        id: '7',
        tasks: ['cleaner', 'reporter'],
        from: '2026-W10',
        to: '2026-03',
        run: 'all',
        downstream: false,
        lane: 'manual',
        maxActive: 3,
      },
    },
    { request: { id: undefined, from: 'emea', to: '7', run: 'missing', downstream: true, lane: 'backfill', maxActive: undefined } },
    { request: { tasks: ['totals'] } },
  ])
})

test('every expectation is read', () => {
  expect(
    stepsOf(`  - expect:
      inOrder: [maker@7 x2, totals@all]
      stale: { reporter@2026-W10: [clean@2026-03-05] }
      inputs: { cleaner@2026-03-03: { orders@2026-03-02..2026-03-03: 2 } }
      attempts: { maker@7: 0 }
      active: { maker: 1, backfill: 2 }
      published: { made@emea..7: 1 }
      alerts: [maker@emea..7]`)[0],
  ).toMatchObject({
    expect: {
      inOrder: [{ task: 'maker' }, { task: 'maker' }, { task: 'totals', partition: 'all' }],
      stale: [{ run: { task: 'reporter' }, partitions: [{ dataset: 'clean', partition: '2026-03-05' }] }],
      inputs: [
        {
          run: { task: 'cleaner' },
          pins: [
            { partition: { partition: '2026-03-02' }, number: 2 },
            { partition: { partition: '2026-03-03' }, number: 2 },
          ],
        },
      ],
      attempts: [{ count: 0 }],
      active: [
        { task: 'maker', count: 1 },
        { lane: 'backfill', count: 2 },
      ],
      published: [{ partition: { dataset: 'made', partition: 'emea' } }, { partition: { partition: '7' } }],
      alerts: [{ partition: 'emea' }, { partition: '7' }],
    },
  })
})

test('a range steps over the date that a zone skips', () => {
  expect(stepsOf('  - ready: islands@2011-12-29..2011-12-31')).toMatchObject([
    { partitions: [{ partition: '2011-12-29' }, { partition: '2011-12-31' }] },
  ])
})

test('a first date inside a week makes that week the first partition', () => {
  expect(stepsOf('  - expect: { state: { reporter@2026-W10: absent } }')).toHaveLength(1)
})

const faultOf = (text: string) => {
  try {
    parseStory(text, 'a.yaml')
  } catch (error) {
    if (!(error instanceof RedeyeError)) throw error
    return { code: error.code, file: error.place.file, line: error.place.line, message: error.message, remedy: error.remedy ?? '' }
  }
  throw new Error('the story was accepted')
}

test.each([
  ['  - readdy: orders@2026-03-02', 'readdy', 'did you mean "ready"'],
  ['  - ready: order@2026-03-02', 'order', 'did you mean "orders"'],
  ['  - ready: orders@2026-03', '2026-03', '2001-02-14'],
  ['  - ready: orders@2026-02-30', '2026-02-30', '2001-02-14'],
  ['  - ready: orders@2026-03-01', 'before', 'first date'],
  ['  - ready: hours@2026-03-01T04Z', 'before', 'first date'],
  ['  - ready: orders@2026-03-05..2026-03-03', 'reversed', '2026-03-03..2026-03-05'],
  ['  - ready: parts@7..emea', 'reversed', 'emea..7'],
  ['  - ready: orders@2026-03-03...2026-03-05', 'more than two dots', 'write 2026-03-03..2026-03-05'],
  ['  - ready: islands@2011-12-30', '2011-12-30', '2001-02-14'],
  ['  - ready: hours@2026-03-01T05Z..2226-03-01T05Z', 'too long', 'at most'],
  ['  - ready: orders', '"orders"', 'DATASET@PARTITION'],
  ['  - ready: orders@2026-03-02 x0', 'x0', 'x2'],
  ['  - ready: orders@2026-03-02 twice', 'twice', 'x2'],
  ['  - ready: clean@2026-03-02', 'made by cleaner', 'cleaner'],
  ['  - ready: []', 'empty', 'at least one'],
  ['  - ready: { orders@2026-03-02: 1 }', 'a map', 'DATASET@PARTITION'],
  ['  - ready:', 'nothing', 'DATASET@PARTITION'],
  ['  - cancel: clean@2026-03-02', 'dataset', 'cleaner'],
  ['  - skip: cleaner@2026-03-02', 'task', 'clean'],
  ['  - cancel: maker@emea x2', 'x2', ''],
  ['  - finish: { maker@7: { generation: 1 } }', 'attempt', 'number'],
  ['  - finish: { maker@7: { generation: one, attempt: 1 } }', '"one"', 'whole number'],
  ['  - outcome: { maker@7: broken }', 'broken', 'transient'],
  ['  - outcome: { maker@7: [] }', 'empty', 'ok'],
  ['  - outcome: { maker@2026-03-02: ok }', '2026-03-02', 'emea'],
  ['  - fail: { maker@7: ok }', 'ok', 'transient'],
  ['  - hold: maker', '"maker"', 'list'],
  ['  - hold: [makr]', 'makr', 'maker'],
  ['  - pause: everything', 'everything', 'all'],
  ['  - advance: 2', '"2"', '90s'],
  ['  - advance: -2h', '-2h', '90s'],
  ['  - advance: 40000d', 'a hundred years', 'earlier'],
  ['  - until: 2926-03-09T06:00:00Z', 'a hundred years', 'earlier'],
  ['  - until: 2026-03-09', '2026-03-09', 'T06'],
  ['  - until: 2026-02-30T06:00:00Z', '2026-02-30', 'T06'],
  ['  - until: 2026-03-09T05:59:59Z', 'stands at', 'later'],
  ['  - night: 2026-13-01', '2026-13-01', '2026-03-02'],
  ['  - redeliver: some', 'some', 'all, last'],
  ['  - lose: 0', '0', 'whole number from 1'],
  ['  - lose: "2"', '"2"', 'whole number'],
  ['  - restart: false', 'true', 'true'],
  ['  - restart: true\n    lose: 1', 'lose and restart', 'one of'],
  ['  - {}', 'empty', 'one of'],
  ['  - restart', '"restart"', 'map'],
  ['  - expect: {}', 'nothing', 'started'],
  ['  - expect: { quiet: false }', 'true', 'true'],
  ['  - expect: { stat: { maker@7: failed } }', 'stat', 'did you mean "state"'],
  ['  - expect: { state: { maker@7: suceeded } }', 'suceeded', 'did you mean "succeeded"'],
  ['  - expect: { started: maker@7 }', 'maker@7', 'list'],
  ['  - expect: { state: { maker@7 x2: failed } }', 'x2', 'maker@7'],
  ['  - expect: { generation: { maker@7: -1 } }', '-1', 'whole number'],
  ['  - expect: { generation: { maker@7: 1.5 } }', '1.5', 'whole number'],
  ['  - expect: { generation: { maker@7: many } }', 'many', 'whole number'],
  ['  - expect: { active: { nighly: 1 } }', 'nighly', 'nightly'],
  ['  - expect: { missing: { maker@7: parts@7 } }', 'parts@7', 'list'],
  ['  - expect: { inputs: { maker@7: { parts@7: 0 } } }', '0', 'whole number from 1'],
  ['  - expect: { state: { maker@7: failed, maker@7: failed } }', '"maker@7" is said twice', 'once'],
  ['  - request: { tasks: [cleaner], from: 2026-03-02 }', '"to" is missing', 'to'],
  ['  - request: { tasks: [], from: 2026-03-02, to: 2026-03-03 }', 'no task', 'at least one'],
  ['  - request: { tasks: [nobody], from: 2026-03-02, to: 2026-03-03 }', 'nobody', 'cleaner'],
  ['  - request: { tasks: [cleaner], from: 2026-03-03, to: 2026-03-02 }', 'reversed', 'from: 2026-03-02'],
  ['  - request: { tasks: [cleaner], from: 2026-03-09, to: 2026-W10 }', 'reversed', ''],
  ['  - request: { tasks: [maker], from: 7, to: emea }', 'reversed', ''],
  ['  - request: { tasks: [maker], from: apac, to: emea }', 'apac', 'key'],
  ['  - request: { tasks: [cleaner], from: march, to: 2026-03-02 }', 'march', '2026-W10'],
  ['  - request: { tasks: [cleaner], from: 2026-03-02, to: 2026-03-03, run: some }', 'some', 'missing, failed, all'],
  ['  - request: { tasks: [cleaner], from: 2026-03-02, to: 2026-03-03, lane: fast }', 'fast', 'manual'],
  ['  - request: { tasks: [cleaner], from: 2026-03-02, to: 2026-03-03, downstream: maybe }', 'maybe', 'true or false'],
  ['  - request: { tasks: [cleaner], from: 2026-03-02, to: 2026-03-03, maxActive: 0 }', '0', 'whole number from 1'],
  ['  - request: { task: cleaner, from: 2026-03-02, to: 2026-03-03 }', '"task"', 'did you mean "tasks"'],
])('a malformed step names its line, what it is and what is accepted: %s', (step, message, remedy) => {
  const fault = faultOf(withSteps(`  - expect: { quiet: true }\n${step}`))
  const last = 21 + step.split('\n').length - 1
  expect(fault).toMatchObject({ code: 'BAD_STORY', file: 'a.yaml' })
  expect([21, last]).toContain(fault.line)
  expect(fault.message).toContain(message)
  expect(fault.remedy).toMatch(remedy)
})

/** A story whose datasets and tasks are given, a line each, from line 4 and after `tasks:`. */
const withGraph = (datasets: readonly string[], tasks: readonly string[]) =>
  [
    'story: s',
    'now: 2026-03-09T06:00:00Z',
    'datasets:',
    ...datasets.map(d => `  ${d}`),
    'tasks:',
    ...tasks.map(t => `  ${t}`),
    'steps: []',
  ].join('\n')
const four = [
  'a: { partition: daily }',
  'b: { partition: daily }',
  'c: { partition: weekly, timezone: Europe/Madrid }',
  'd: { partition: { keys: [x, y] } }',
]

const badGraphs: [string[], string[], number, string, string][] = [
  [['a: { partition: dayly }'], [], 4, 'dayly', 'did you mean "daily"'],
  [['a: { partition: daily, form: 2026-03-01 }'], [], 4, 'form', 'from'],
  [['a: { from: 2026-03-01 }'], [], 4, '"partition" is missing', 'hourly'],
  [['a: daily'], [], 4, '"daily"', 'map'],
  [['a: { partition: daily, from: 2026-02-29 }'], [], 4, '2026-02-29', '2026-03-01'],
  [['a: { partition: daily, timezone: Europe/Madird }'], [], 4, 'Europe/Madird', 'Europe/Madrid'],
  [['a: { partition: { keys: [x, y] }, from: 2026-03-01 }'], [], 4, 'from', 'remove from'],
  [['a: { partition: unpartitioned, timezone: Europe/Madrid }'], [], 4, 'timezone', 'remove timezone'],
  [['a: { partition: { keys: [x, x] } }'], [], 4, 'twice', 'once'],
  [['a: { partition: { keys: [] } }'], [], 4, 'at least one key', ''],
  [['a: { partition: { kyes: [x] } }'], [], 4, 'kyes', 'keys'],
  [['a@b: { partition: daily }'], [], 4, 'a@b', 'letters'],
  [four, ['all: { inputs: { a: same }, output: b }'], 9, '"all" is the name of all tasks together', 'otherwise'],
  [four, ['nightly: { inputs: { a: same }, output: b }'], 9, '"nightly" is the name of a lane', 'otherwise'],
  [four, ['manual: { output: b }'], 9, '"manual" is the name of a lane', 'otherwise'],
  [four, ['t: { output: b }', 'backfill: { output: a }'], 10, '"backfill" is the name of a lane', 'otherwise'],
  [four, ['t: { inputs: { a: same } }'], 9, '"output" is missing', 'dataset'],
  [four, ['t: { inputs: { z: same }, output: b }'], 9, '"z"', 'accepted: a, b, c, d'],
  [four, ['t: { inputs: { a: same }, output: z }'], 9, '"z"', 'accepted: a, b, c, d'],
  [four, ['t: { inputs: { a: sme }, output: b }'], 9, 'sme', 'did you mean "same"'],
  [four, ['t: { inputs: { a: { trailing: 0 } }, output: b }'], 9, '0', 'whole number from 1'],
  [four, ['t: { inputs: { a: { trailing: 2, offset: 1 } }, output: b }'], 9, 'two mappings', 'same'],
  [four, ['t: { inputs: { a: { offset: "1" } }, output: b }'], 9, '"1"', 'whole number'],
  [four, ['t: { inputs: { a: { map: same, wiat: all } }, output: b }'], 9, 'wiat', 'wait'],
  [four, ['t: { inputs: { a: { wait: { atLeast: 1 } } }, output: b }'], 9, '"map" is missing', 'same'],
  [four, ['t: { inputs: { a: { map: same, wait: { atLeast: 1, optional: 04:30 } } }, output: b }'], 9, 'two wait', 'atLeast'],
  [four, ['t: { inputs: { a: { map: same, wait: { optional: 4:30 } } }, output: b }'], 9, '4:30', '04:30'],
  [four, ['t: { inputs: { a: { map: same, wait: { optional: 24:00 } } }, output: b }'], 9, '24:00', '04:30'],
  [
    [...four, 'e: { partition: { keys: [x] } }'],
    ['t: { inputs: { d: { map: same, wait: { optional: 04:30 } } }, output: e }'],
    10,
    'dates',
    '',
  ],
  [four, ['t: { inputs: { a: { map: same, onUpdate: again } }, output: b }'], 9, 'again', 'rerun, ignore, hold'],
  [four, ['t: { inputs: { a: same }, output: c }'], 9, 'same cannot join', 'mapping'],
  [four, ['t: { inputs: { d: overlapping }, output: b }'], 9, 'overlapping cannot join', 'mapping'],
  [four, ['t: { inputs: { a: all }, output: b }'], 9, 'all takes', 'mapping'],
  [four, ['t: { inputs: { b: same }, output: b }'], 9, 'partition it makes', 'mapping'],
  [four, ['t: { inputs: { b: { offset: 1 } }, output: b }'], 9, 'negative', 'mapping'],
  [[...four, 'e: { partition: { keys: [x, z] } }'], ['t: { inputs: { d: same }, output: e }'], 10, '"z"', 'mapping'],
  [four, ['t: { output: a, on: day }'], 9, 'day', 'night'],
  [four, ['t: { inputs: { b: same }, output: a, on: night }'], 9, 'no inputs', 'remove'],
  [four, ['t: { output: c, on: night }'], 9, 'weekly', 'daily or hourly'],
  [four, ['t: { output: d, on: night }'], 9, 'keyed', 'daily or hourly'],
  [four, ['t: { output: a, limit: 0 }'], 9, '0', 'whole number from 1'],
  [four, ['t: { output: a, timeout: 0s }'], 9, 'no time', 'above'],
  [four, ['t: { output: a, retry: { attempts: 0 } }'], 9, '0', 'whole number from 1'],
  [four, ['t: { output: a, retry: { backof: 1m } }'], 9, 'backof', 'backoff'],
  [four, ['t: { output: a, retry: { backoff: soon } }'], 9, 'soon', '90s'],
  [four, ['t: { output: a, retry: { factor: 0 } }'], 9, '0', 'above 0'],
  [four, ['t: { output: a, retries: 3 }'], 9, 'retries', 'retry'],
  [four, ['t: { output: b }', 'u: { inputs: { a: same }, output: b }'], 10, 't makes b already', 'one producer'],
  [four, ['t: { inputs: { b: same }, output: a }', 'u: { inputs: { a: same }, output: b }'], 10, 'cycle', 'remove'],
  [four, ['t: { inputs: { b: { offset: -1 } }, output: a }', 'u: { inputs: { a: same }, output: b }'], 10, 'cycle', 'remove'],
  [four, ['t: { output: a }', 't: { output: b }'], 10, '"t" is said twice', 'once'],
]
test.each(badGraphs.map(([datasets, tasks, ...rest]) => [tasks.at(-1) ?? datasets[0]!, datasets, tasks, ...rest] as const))(
  'a malformed graph names its line, what it is and what is accepted: %s',
  (_, datasets, tasks, line, message, remedy) => {
    const fault = faultOf(withGraph(datasets, tasks))
    expect(fault).toMatchObject({ code: 'BAD_STORY', file: 'a.yaml', line })
    expect(fault.message).toContain(message)
    expect(fault.remedy).toContain(remedy)
  },
)

test('a cycle of three names the line that closes it', () => {
  const tasks = ['t: { inputs: { c: same }, output: a }', 'u: { inputs: { a: same }, output: b }', 'v: { inputs: { b: same }, output: c }']
  const fault = faultOf(withGraph(['a: { partition: daily }', 'b: { partition: daily }', 'c: { partition: daily }'], tasks))
  expect(fault).toMatchObject({ line: 10 })
  expect(fault.message).toContain('v reads from u reads from t reads from v')
})

test.each([
  ['', 1, 'empty'],
  ['# nothing\n', 1, 'empty'],
  ['- a\n- b\n', 1, 'a list'],
  ['story: [\n', 1, ''],
  ['story: a\nnow: "2026\n', 2, 'quote'],
  [`${weekly}---\n${weekly}`, 25, 'documents'],
  [weekly.replace(/^story.*\n/, ''), 1, '"story" is missing'],
  [weekly.replace(/^story: .*$/m, 'story:'), 1, 'nothing'],
  [weekly.replace(/^story: .*$/m, 'story: 7'), 1, '7'],
  [weekly.replace('now: 2026-03-09T06:00:00Z', 'now: 2026-03-09'), 2, '2026-03-09'],
  [weekly.replace('now: 2026-03-09T06:00:00Z', 'now: 2026-03-09T06:00:00'), 2, 'no instant'],
  [weekly.replace('now: 2026-03-09T06:00:00Z', 'now: 2026-03-09T06:00:00Z\nnow: 2026-03-09T06:00:00Z'), 3, '"now" is said twice'],
  [withSteps('  - expect: { quiet: true, started: [], "quiet": true }'), 20, '"quiet" is said twice'],
  [weekly.replace('steps:', 'stpes:'), 10, 'stpes'],
  [weekly.replace(/^steps:[\s\S]*/m, 'steps:\n'), 10, 'nothing'],
  [weekly.replace('now:', 'graph: ../services\nnow:'), 4, 'in place of'],
  [weekly.replace(/^tasks:\n( {2}.*\n)+/m, ''), 1, '"tasks" is missing'],
])('a malformed file names its line', (text, line, message) => {
  const fault = faultOf(text)
  expect(fault).toMatchObject({ code: 'BAD_STORY', file: 'a.yaml' })
  expect(fault.message).toContain(message)
  expect(fault.line).toBe(line)
})

test('a story with graph: is bound to what its folder holds', () => {
  const { datasets, tasks }: StoryGraph = parseStory(weekly, 'weekly.yaml')
  const text = `story: s
now: 2026-03-09T06:00:00Z
graph: ../services
steps:
  - expect: { state: { clean-orders@2026-03-02: absent } }
`
  const open = openStory(text, '/company/stories/a.yaml')
  expect(open).toMatchObject({ graph: '/company/services', graphLine: 3 })
  expect(open.bind({ datasets, tasks })).toMatchObject({ graph: '/company/services', tasks, steps: [{ step: 'expect' }] })
  expect(() => open.bind({ datasets, tasks: [] })).toThrow(/clean-orders/)
})

test('Windows line ends, a byte order mark and anchors are read', () => {
  expect(parseStory(`\uFEFF${weekly.replaceAll('\n', '\r\n')}`, 'a.yaml').steps).toEqual(parseStory(weekly, 'a.yaml').steps)
  const anchored = weekly
    .replace('orders: {', 'orders: &days {')
    .replace('clean:  { partition: daily, from: 2026-03-01, timezone: Europe/Madrid }', 'clean: *days')
  expect(parseStory(anchored, 'a.yaml').datasets).toEqual(parseStory(weekly, 'a.yaml').datasets)
})
