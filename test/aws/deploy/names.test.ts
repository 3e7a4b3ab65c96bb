import fc from 'fast-check'
import { names, stageOfAccount } from '../../../shared/aws/deploy/names.ts'
import { alarmName } from '../../../shared/aws/deploy/platform/alarms.ts'
import { platformFunctions } from '../../../shared/aws/deploy/platform/functions.ts'
import { checkedSettings, onlySite } from '../../../shared/aws/deploy/stage-settings.ts'
import { parameterName, secretName } from '../../../shared/aws/secrets.ts'

// Few words, so that those of stages and of tasks meet; among them the ones that names are made of.
const words = ['eu', 'prod', 'task', 'platform', 'orders', 'work', 'decide', 'sweep', 'night', 'schedules', 'lake', 'a', '1']
const isStage = (stage: string) => {
  try {
    return checkedSettings(stage, {}).stage === stage
  } catch {
    return false
  }
}
const isTask = (task: string) => /^[a-z]/.test(task) && task !== 'platform'
type Pair = [stage: string, task: string]
/** A stage and a task, and another of each that are the same words, cut elsewhere. */
const pairs = fc
  .tuple(fc.array(fc.constantFrom(...words), { minLength: 3, maxLength: 5 }), fc.nat(), fc.nat())
  .map(([parts, ...cuts]) =>
    cuts.map(cut => 1 + (cut % (parts.length - 1))).map((at): Pair => [parts.slice(0, at).join('-'), parts.slice(at).join('-')]),
  )
  .filter(([one, other]) => one![0] !== other![0] && [one!, other!].every(([stage, task]) => isStage(stage) && isTask(task)))
  .map(both => both as [Pair, Pair])
const region = 'ap-southeast-1'

/** Every name of a stage with one task, by what it is the name of: names of one kind must not meet. */
function all(stage: string, task: string): Record<string, string[]> {
  const site = (home: boolean) => stageOfAccount({ stage, standby: region, site: { ...onlySite, home } })
  const platform = [...Object.keys(platformFunctions), 'night-schedule', 'replication', 'flow-log']
  return {
    stacks: [names.stack(stage), names.stack(stage, task)],
    functions: [
      ...Object.keys(platformFunctions).map(name => names.lambda(stage, 'platform', name)),
      ...['decide', 'work'].map(name => names.lambda(stage, task, name)),
    ],
    rules: [
      ...['sweep', 'jobs', 'night'].map(name => names.rule(stage, 'platform', name)),
      ...['decide', 'sweep'].map(name => names.rule(stage, task, name)),
    ],
    roles: [true, false]
      .map(site)
      .flatMap(of => [
        names.scheduleRole(of),
        ...platform.map(name => names.role(of, 'platform', name)),
        ...['decide', 'work'].map(name => names.role(of, task, name)),
      ]),
    queues: [names.deadLetters(stage)],
    tables: [names.table(stage)],
    alarms: ['no-night', 'ledger', 'timers'].map(name => alarmName(stage, name)),
    buckets: [names.bucket(stage, '123456789012', region), names.auditBucket(stage, '123456789012', region)],
    parameters: [names.parameter(stage, 'bus'), parameterName(stage, 'ORDERS'), secretName(stage, 'ORDERS')],
  }
}

test('no two stages share a name, and within one there is each once', () => {
  fc.assert(
    fc.property(pairs, ([[stage, task], [other, another]]) => {
      for (const [kind, of] of Object.entries(all(stage, task))) {
        expect(new Set(of).size).toBe(of.length)
        const its = all(other, another)[kind]!
        expect(of.filter(name => its.includes(name))).toEqual([])
      }
    }),
    { numRuns: 500 },
  )
})

test('where a stage ends, no other one’s name goes on', () => {
  fc.assert(
    fc.property(pairs, ([[stage], [other, another]]) => {
      for (const end of ['task', 'platform'])
        expect(names.lambda(other, another, 'work')).not.toMatch(new RegExp(`^redeye-${stage}-${end}-`))
    }),
    { numRuns: 500 },
  )
})

test('names are as long as AWS takes them', () => {
  fc.assert(
    fc.property(pairs, ([[stage, task]]) => {
      const { functions, rules, roles, buckets } = all(stage, `${task}-${'long'.repeat(20)}`)
      for (const name of [...functions!, ...rules!, ...roles!]) expect(name.length).toBeLessThanOrEqual(64)
      for (const name of buckets!) expect(name.length).toBeLessThanOrEqual(63)
    }),
  )
})

test('a long name is cut, keeps its end, and stays another than its like', () => {
  const long = 'a-task-whose-name-is-so-long-that-lambda-would-refuse-it-in-any-stage'
  const cut = names.lambda('dev', long, 'decide')
  expect(cut).toHaveLength(64)
  expect(cut).toMatch(/^redeye-dev-task-a-task-whose.*-decide$/)
  expect(cut).not.toBe(names.lambda('dev', `${long}-too`, 'decide'))
})
