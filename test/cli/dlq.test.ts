import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge'
import { ChangeMessageVisibilityBatchCommand, DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { GetParametersCommand, SSMClient } from '@aws-sdk/client-ssm'
import { mockClient } from 'aws-sdk-client-mock'
import { dlq } from '../../cli/dlq.ts'
import { LocalBus } from '../../shared/local/bus.ts'
import { SqliteLedger } from '../../shared/local/ledger.ts'
import { Routes } from '../../shared/local/routes.ts'
import { stateFolder } from '../../shared/local/state.ts'

let out: string
const { write } = process.stdout
beforeEach(() => {
  out = ''
  process.stdout.write = (text: string | Uint8Array) => {
    out += text
    return true
  }
})
afterEach(() => {
  process.stdout.write = write
})
const poison = { id: 'e1', source: 'redeye', 'detail-type': 'RunDue', detail: { task: 'clean-orders', partition: 'poison' } }
const night = { id: 'e2', source: 'redeye', 'detail-type': 'NightStarted', detail: { date: 'tomorrow' } }

describe('of a state folder', () => {
  let state: string
  beforeEach(async () => {
    state = mkdtempSync(join(tmpdir(), 'redeye-dlq-'))
    const ledger = new SqliteLedger({ path: stateFolder(state).ledger, filter: () => false })
    const bus = new LocalBus(
      ledger,
      new Routes(),
      async () => {},
      async () => {},
    )
    await bus.put({ function: 'clean-orders', reason: '"poison" is no partition', event: poison })
    await bus.put({ function: 'platform/night', reason: '"tomorrow" is no date', event: night })
    await ledger.settled()
    bus.stop()
    ledger.close()
  })
  afterEach(() => rmSync(state, { recursive: true }))
  const run = (action: string, ...letters: string[]) => dlq(() => '/', action, letters, { state })
  const left = async () => {
    out = ''
    await dlq(() => '/', 'list', [], { state, json: true })
    return (JSON.parse(out) as { id: string }[]).map(l => l.id)
  }
  const inbox = () => {
    const ledger = new SqliteLedger({ path: stateFolder(state).ledger, filter: () => false })
    try {
      return ledger
        .sql('SELECT event FROM inbox ORDER BY seq')
        .all()
        .map(row => JSON.parse(row.event as string) as typeof poison)
    } finally {
      ledger.close()
    }
  }

  test('they are listed with their reasons', async () => {
    expect(await run('list')).toBe(0)
    expect(out).toMatch(/^letter +came +function +event +reason\n1 .* clean-orders +RunDue clean-orders@poison +"poison" is no partition\n/)
    expect(out).toMatch(/2 .* platform\/night +NightStarted tomorrow +"tomorrow" is no date\n$/)
  })

  test('with everything as JSON', async () => {
    await dlq(() => '/', 'list', [], { state, json: true })
    expect(JSON.parse(out)[0]).toEqual({
      id: '1',
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      function: 'clean-orders',
      reason: '"poison" is no partition',
      event: poison,
    })
  })

  test('one is sent again, for the runtime that runs or the next, and is gone', async () => {
    expect(await run('resend', '1')).toBe(0)
    expect(out).toBe('1 letter sent again; 1 left.\n')
    expect(inbox()).toMatchObject([{ 'detail-type': 'RunDue', detail: poison.detail }])
    expect(await left()).toEqual(['2'])
  })

  test('all are dropped', async () => {
    expect(await run('drop', 'all')).toBe(0)
    expect(await left()).toEqual([])
    out = ''
    await run('list')
    expect(out).toBe('No dead letters.\n')
  })

  test('a letter that is not there changes nothing', async () => {
    await expect(run('drop', '1', '7')).rejects.toMatchObject({ code: 'UNKNOWN_NAME', message: 'there is no letter 7' })
    expect(await left()).toEqual(['1', '2'])
  })

  test.each(['resend', 'drop'])('%s needs to know which', async action => {
    await expect(run(action)).rejects.toMatchObject({ code: 'BAD_ARGUMENT', remedy: expect.stringContaining(`redeye dlq ${action} all`) })
  })
})

describe('of a stage on AWS', () => {
  const [ssm, sqs, events] = [mockClient(SSMClient), mockClient(SQSClient), mockClient(EventBridgeClient)]
  const url = 'https://sqs.eu-west-1.amazonaws.com/123456789012/redeye-dev-dead-letters'
  const message = (id: string, event: unknown) => ({
    MessageId: id,
    ReceiptHandle: `receipt ${id}`,
    Attributes: { SentTimestamp: '5' },
    Body: JSON.stringify({ function: 'a', reason: 'b', event }),
  })
  const run = (action: string, ...letters: string[]) => dlq(() => '/', action, letters, { stage: 'dev' })
  const sent = () =>
    events.commandCalls(PutEventsCommand).flatMap(c => c.args[0].input.Entries!.map(e => [e.DetailType, JSON.parse(e.Detail!)]))
  const receipts = (command: typeof DeleteMessageBatchCommand | typeof ChangeMessageVisibilityBatchCommand) =>
    sqs.commandCalls(command as typeof DeleteMessageBatchCommand).flatMap(c => c.args[0].input.Entries!.map(e => e.ReceiptHandle))
  const region = process.env.AWS_REGION
  beforeAll(() => void (process.env.AWS_REGION = 'eu-west-1'))
  afterAll(() => void (region === undefined ? delete process.env.AWS_REGION : (process.env.AWS_REGION = region)))
  beforeEach(() => {
    for (const client of [ssm, sqs, events]) client.reset()
    ssm.on(GetParametersCommand).resolves({
      Parameters: [
        { Name: '/redeye/dev/bus', Value: 'redeye-dev' },
        { Name: '/redeye/dev/dead-letters-url', Value: url },
      ],
    })
    sqs
      .on(ReceiveMessageCommand)
      .resolvesOnce({ Messages: [message('4f2c0000-1', poison), message('9a000000-2', { DDBStreamBatchInfo: {} })] })
      .resolves({})
    sqs.on(DeleteMessageBatchCommand).resolves({})
    sqs.on(ChangeMessageVisibilityBatchCommand).resolves({})
    events.on(PutEventsCommand).resolves({ Entries: [{ EventId: '1' }] })
  })

  test('they are listed and given back', async () => {
    await run('list')
    expect(out).toContain('4f2c0000')
    expect(receipts(ChangeMessageVisibilityBatchCommand)).toEqual(['receipt 4f2c0000-1', 'receipt 9a000000-2'])
    expect(sqs.commandCalls(ReceiveMessageCommand)[0]!.args[0].input.QueueUrl).toBe(url)
  })

  test('one is sent again on the stage’s bus, then removed; the other is given back', async () => {
    await run('resend', '4f2c')
    expect(events.commandCalls(PutEventsCommand)[0]!.args[0].input.Entries).toEqual([
      { EventBusName: 'redeye-dev', Source: 'redeye', DetailType: 'RunDue', Detail: JSON.stringify(poison.detail) },
    ])
    expect(receipts(DeleteMessageBatchCommand)).toEqual(['receipt 4f2c0000-1'])
    expect(receipts(ChangeMessageVisibilityBatchCommand)).toEqual(['receipt 9a000000-2'])
  })

  test('of all, what is no event is named and kept, and the others are sent', async () => {
    expect(await run('resend', 'all')).toBe(1)
    expect(out).toMatch(/^9a000000 holds no event .*DDBStreamBatchInfo.*\n.*redeye dlq drop 9a000000 .*\n1 letter sent again; 1 left.\n$/)
    expect(sent()).toEqual([['RunDue', poison.detail]])
    expect(receipts(DeleteMessageBatchCommand)).toEqual(['receipt 4f2c0000-1'])
    expect(receipts(ChangeMessageVisibilityBatchCommand)).toEqual(['receipt 9a000000-2'])
  })

  test('what is no event is not sent alone either', async () => {
    expect(await run('resend', '9a')).toBe(1)
    expect(events.calls()).toEqual([])
    expect(receipts(DeleteMessageBatchCommand)).toEqual([])
  })

  test('what is no event is dropped like others', async () => {
    expect(await run('drop', 'all')).toBe(0)
    expect(receipts(DeleteMessageBatchCommand)).toEqual(['receipt 4f2c0000-1', 'receipt 9a000000-2'])
  })

  test('what could not be published is given back', async () => {
    events.on(PutEventsCommand).rejects(new Error('down'))
    await expect(run('resend', 'all')).rejects.toThrow('down')
    expect(receipts(DeleteMessageBatchCommand)).toEqual([])
    expect(receipts(ChangeMessageVisibilityBatchCommand)).toHaveLength(2)
  })

  test('an event that Lambda gave up on is taken out of Lambda’s record', async () => {
    const requestContext = {
      functionArn: 'arn:aws:lambda:eu-west-1:1:function:f:$LATEST',
      condition: 'RetriesExhausted',
      approximateInvokeCount: 3,
    }
    const Body = JSON.stringify({ version: '1.0', requestContext, requestPayload: poison, responsePayload: { errorMessage: 'unwell' } })
    sqs
      .on(ReceiveMessageCommand)
      .resolvesOnce({ Messages: [{ ...message('1', null), Body }] })
      .resolves({})
    expect(await run('resend', 'all')).toBe(0)
    expect(sent()).toEqual([['RunDue', poison.detail]])
  })

  test.each<[string, object, object]>([
    ['RunRequested', { tasks: ['a'], from: '2001-02-14', to: '2001-02-14' }, { id: 'e7' }],
    ['RunRequested', { id: 'mine', tasks: ['a'], from: '2001-02-14', to: '2001-02-14' }, { id: 'mine' }],
    ['VersionDelivered', { dataset: 'a', partition: 'all', files: ['f'] }, { id: 'e7' }],
    ['TaskPaused', { task: 'a' }, {}],
  ])('%s %j is sent again as the one it was: %j', async (type, detail, known) => {
    const event = { id: 'e7', source: 'redeye', 'detail-type': type, detail }
    sqs
      .on(ReceiveMessageCommand)
      .resolvesOnce({ Messages: [message('1', event)] })
      .resolves({})
    await run('resend', 'all')
    expect(sent()).toEqual([[type, { ...detail, ...known }]])
  })

  test('a stage that is not there says so', async () => {
    ssm.on(GetParametersCommand).resolves({ Parameters: [], InvalidParameters: ['/redeye/dev/bus'] })
    await expect(run('list')).rejects.toMatchObject({
      code: 'NOT_DEPLOYED',
      message: expect.stringContaining('there is no stage dev in eu-west-1'),
    })
  })
})
