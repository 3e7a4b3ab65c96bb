import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConditionalCheckFailedException, DynamoDBClient, GetItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { mockClient } from 'aws-sdk-client-mock'
import { DynamoLedger } from '../../shared/aws/ledger.ts'
import type { RunDoc } from '../../shared/core/run.ts'

const NOW = 1_800_000_000_000
const DAY = 86_400_000
let mock = mockClient(DynamoDBClient)
const newLedger = () => new DynamoLedger({ table: 'ledger-dev', client: new DynamoDBClient({ region: 'eu-west-1' }), now: () => NOW })
beforeEach(() => mock.reset())

const key = { pk: 'run/clean', sk: '2001-02-14' }
const run = (more: Partial<RunDoc> = {}): RunDoc => ({
  v: 1,
  dataset: 'clean',
  partition: '2001-02-14',
  task: 'clean-orders',
  state: 'waiting',
  generation: 0,
  attempt: 0,
  ...more,
})
const version = { number: 1, as: 1, loud: 1, generation: 1, attempt: 1, rows: 1, bytes: 1, schemaHash: '', ancestry: {} }
const published = (at: number) => run({ state: 'succeeded', version: { ...version, at, cause: { lane: 'nightly' } } })
const item = (doc: object, more: object = {}, at: object = key) =>
  marshall({ ...at, rev: 3, doc, by: 'x', ...more }, { removeUndefinedValues: true })
const sent = (n = 0) => mock.commandCalls(UpdateItemCommand)[n]!.args[0].input
const refused = (standing?: object) =>
  new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: {},
    ...(standing && { Item: standing as never }),
  })
const failing = (name: string, message = name) => Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } })

describe('what is asked', () => {
  test('a read is of one item, strongly consistent, and says what it cost', async () => {
    mock.on(GetItemCommand).resolves({ Item: item(run()), ConsumedCapacity: { CapacityUnits: 1 } })
    const ledger = newLedger()
    expect(await ledger.get(key)).toEqual({ key, rev: 3, doc: run() })
    expect(mock.commandCalls(GetItemCommand)[0]!.args[0].input).toEqual({
      TableName: 'ledger-dev',
      Key: { pk: { S: 'run/clean' }, sk: { S: '2001-02-14' } },
      ConsistentRead: true,
      ReturnConsumedCapacity: 'TOTAL',
    })
    expect(ledger.consumed).toMatchObject({ readUnits: 1, requests: { get: 1 } })
  })

  test('a first write is made if nothing is there, with an entry in the index', async () => {
    mock.on(UpdateItemCommand).resolves({ ConsumedCapacity: { CapacityUnits: 2 } })
    const ledger = newLedger()
    expect(await ledger.put(key, { ...run(), due: undefined }, 0)).toBe(true)
    expect(sent()).toEqual({
      TableName: 'ledger-dev',
      Key: { pk: { S: 'run/clean' }, sk: { S: '2001-02-14' } },
      UpdateExpression: 'SET #doc = :doc, #rev = :next, #by = :by, #ix = :ix, #at = :at',
      ConditionExpression: 'attribute_not_exists(#rev)',
      ExpressionAttributeNames: { '#doc': 'doc', '#rev': 'rev', '#by': 'by', '#ix': 'ix', '#at': 'at' },
      ExpressionAttributeValues: {
        ':doc': { M: marshall(run()) },
        ':next': { N: '1' },
        ':by': { S: expect.stringMatching(/^[\w-]{8}$/) },
        ':ix': { S: 'run/clean' },
        ':at': { S: String(NOW) },
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ReturnConsumedCapacity: 'TOTAL',
    })
    expect(ledger.consumed).toMatchObject({ writeUnits: 2, requests: { put: 1 } })
  })

  test('later writes are made on the revision that was read, and leave the entry alone as the run goes on and is published', async () => {
    mock.on(UpdateItemCommand).resolves({})
    const ledger = newLedger()
    await ledger.put(key, run(), 0)
    await ledger.put(key, run({ state: 'running' }), 1)
    await ledger.put(key, published(NOW + 60_000), 2)
    for (const [n, rev] of [
      [1, '1'],
      [2, '2'],
    ] as const)
      expect(sent(n)).toMatchObject({
        UpdateExpression: 'SET #doc = :doc, #rev = :next, #by = :by',
        ConditionExpression: '#rev = :rev',
        ExpressionAttributeNames: { '#doc': 'doc', '#rev': 'rev', '#by': 'by' },
        ExpressionAttributeValues: { ':rev': { N: rev } },
      })
  })

  test('who begins an attempt that it has not read leaves the entry alone, and learns of it for what it writes next', async () => {
    mock
      .on(UpdateItemCommand)
      .resolvesOnce({ Attributes: { at: { S: String(NOW - 60_000) } } })
      .resolves({})
    const ledger = newLedger()
    expect(await ledger.put(key, run({ state: 'running', begunAt: NOW }), 3)).toBe(true)
    expect(sent(0)).toMatchObject({
      UpdateExpression: 'SET #doc = :doc, #rev = :next, #by = :by, #ix = if_not_exists(#ix, :ix), #at = if_not_exists(#at, :at)',
      ConditionExpression: '#rev = :rev',
      ReturnValues: 'UPDATED_NEW',
    })
    await ledger.put(key, published(NOW), 4)
    expect(sent(1).UpdateExpression).toBe('SET #doc = :doc, #rev = :next, #by = :by')
  })

  test('an entry moves when it is too old to be found by, or was not read at that revision', async () => {
    mock.on(UpdateItemCommand).resolves({})
    const old = String(NOW - 20 * DAY)
    mock.on(GetItemCommand).resolves({ Item: item(run(), { ix: 'run/clean', at: old }) })
    const ledger = newLedger()
    await ledger.get(key)
    await ledger.put(key, published(NOW), 3)
    await ledger.put(key, run({ state: 'queued' }), 9)
    expect(sent(0).ExpressionAttributeValues).toMatchObject({ ':at': { S: String(NOW) } })
    expect(sent(1).ExpressionAttributeValues).toMatchObject({ ':at': { S: String(NOW) } })
  })

  test.each([
    ['limit', 'task/clean-orders', { v: 1, limit: 1, holders: [], waiting: [] }, true],
    ['limit', 'request/r1', { v: 1, limit: 1, holders: [], waiting: [] }, false],
    ['limit', 'request/r1', { v: 1, limit: 1, holders: [{}], waiting: [] }, true],
    ['request', 'r1', { v: 1, phase: 'open' }, true],
    ['request', 'r1', { v: 1, phase: 'ended' }, false],
    ['pause', 'all', { v: 1, paused: true }, true],
    ['pause', 'all', { v: 1, paused: false }, false],
  ])('%s %s has a partition key of its own, and is listed while it says something', async (pk, sk, doc, listed) => {
    mock.on(UpdateItemCommand).resolves({})
    await newLedger().put({ pk, sk }, doc, 5)
    expect(sent().Key).toEqual({ pk: { S: `${pk}/${sk}` }, sk: { S: '-' } })
    expect(sent().UpdateExpression).toMatch(listed ? /#ix = :ix, #at = :at$/ : / REMOVE #ix, #at$/)
    if (listed) expect(sent().ExpressionAttributeValues).toMatchObject({ ':ix': { S: pk }, ':at': { S: sk } })
  })

  test('a range asks for no more than is wanted, page after page', async () => {
    const page = (sk: string) => item(run({ partition: sk }), {}, { pk: 'run/clean', sk })
    mock
      .on(QueryCommand)
      .resolvesOnce({ Items: [page('c')], LastEvaluatedKey: marshall({ pk: 'run/clean', sk: 'c' }) })
      .resolves({ Items: [page('b')], LastEvaluatedKey: marshall({ pk: 'run/clean', sk: 'b' }) })
    const found = await newLedger().query('run/clean', { from: 'a', to: 'c', descending: true, limit: 2 })
    expect(found.map(s => s.key.sk)).toEqual(['c', 'b'])
    expect(mock.commandCalls(QueryCommand).map(c => c.args[0].input)).toEqual([
      {
        TableName: 'ledger-dev',
        KeyConditionExpression: '#pk = :pk AND #sk BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
        ExpressionAttributeValues: { ':pk': { S: 'run/clean' }, ':from': { S: 'a' }, ':to': { S: 'c' } },
        ConsistentRead: true,
        ScanIndexForward: false,
        Limit: 2,
        ReturnConsumedCapacity: 'TOTAL',
      },
      expect.objectContaining({ Limit: 1, ExclusiveStartKey: { pk: { S: 'run/clean' }, sk: { S: 'c' } } }),
    ])
  })

  test('a range whose end comes before its start is empty, and nothing is asked', async () => {
    expect(await newLedger().query('night', { from: 'b', to: 'a' })).toEqual([])
    expect(mock.calls()).toHaveLength(0)
  })

  test('what the index lists is asked from a time on, and every page of it', async () => {
    mock.on(GetItemCommand, { Key: marshall({ pk: 'contract', sk: 'task/clean-orders' }) }).resolves({
      Item: item({ kind: 'task', output: 'clean' }, {}, { pk: 'contract', sk: 'task/clean-orders' }),
    })
    mock.on(GetItemCommand, { Key: marshall(key) }).resolves({ Item: item(run()) })
    mock
      .on(QueryCommand)
      .resolvesOnce({ Items: [], LastEvaluatedKey: marshall({ ...key, ix: 'run/clean', at: '1' }) })
      .resolves({ Items: [marshall({ ...key, ix: 'run/clean', at: String(NOW) })] })
    expect(await newLedger().runsInState('clean-orders', ['waiting'])).toEqual([key])
    const asked = mock.commandCalls(QueryCommand).map(c => c.args[0].input)
    expect(asked).toHaveLength(2)
    expect(asked[1]).toEqual({
      TableName: 'ledger-dev',
      IndexName: 'recent',
      KeyConditionExpression: '#ix = :ix AND #at >= :from',
      ExpressionAttributeNames: { '#ix': 'ix', '#at': 'at' },
      ExpressionAttributeValues: { ':ix': { S: 'run/clean' }, ':from': { S: String(NOW - 28 * DAY) } },
      ExclusiveStartKey: marshall({ ...key, ix: 'run/clean', at: '1' }),
      ReturnConsumedCapacity: 'TOTAL',
    })
  })

  test('what the index lists and is otherwise by now, or gone, is left out', async () => {
    const gone = { pk: 'run/clean', sk: 'gone' }
    mock.on(QueryCommand).resolves({ Items: [key, gone].map(k => marshall({ ...k, ix: 'run/clean', at: String(NOW) })) })
    mock.on(GetItemCommand, { Key: marshall(gone) }).resolves({})
    mock.on(GetItemCommand, { Key: marshall(key) }).resolves({ Item: item(published(NOW)) })
    const ledger = newLedger()
    expect(await ledger.withEffects('run/clean')).toEqual([])
    expect(await ledger.publishedSince('clean', NOW + 1)).toEqual([])
    expect(await ledger.publishedSince('clean', NOW)).toEqual([key])
  })

  test('a task that is not deployed has no runs; one that is retired has those it had', async () => {
    mock
      .on(GetItemCommand)
      .resolvesOnce({})
      .resolvesOnce({
        Item: item({ kind: 'retired', was: { output: 'clean' } }, {}, { pk: 'contract', sk: 'task/clean-orders' }),
      })
    mock.on(QueryCommand).resolves({ Items: [] })
    const ledger = newLedger()
    expect(await ledger.runsInState('clean-orders', ['waiting'])).toEqual([])
    expect(mock.commandCalls(QueryCommand)).toHaveLength(0)
    expect(await ledger.runsInState('clean-orders', ['waiting'])).toEqual([])
    expect(mock.commandCalls(QueryCommand)).toHaveLength(1)
  })
})

describe('many documents', () => {
  const day = (n: number) => ({ pk: 'run/clean', sk: `d${String(n).padStart(4, '0')}` })
  const asked = () => ({ gets: mock.commandCalls(GetItemCommand).length, queries: mock.commandCalls(QueryCommand).length })
  /** A partition of a thousand days, answered as DynamoDB does. */
  const thousandDays = () => {
    mock.on(GetItemCommand).callsFake(async ({ Key }) => ({ Item: item(run(), {}, { pk: Key.pk.S, sk: Key.sk.S }) }))
    mock.on(QueryCommand).callsFake(async ({ ExpressionAttributeValues: v, Limit }) => {
      const [from, to] = [Number(v[':from'].S.slice(1)), Math.min(999, Number(v[':to'].S.slice(1)))]
      const last = Math.min(to, from + Limit - 1)
      const Items = Array.from({ length: last - from + 1 }, (_, i) => item(run(), {}, day(from + i)))
      return { Items, ...(last < to && { LastEvaluatedKey: marshall(day(last)) }) }
    })
  }

  test('few are read one by one', async () => {
    thousandDays()
    expect((await newLedger().getMany([day(5), day(900)])).map(s => s?.key)).toEqual([day(5), day(900)])
    expect(asked()).toEqual({ gets: 2, queries: 0 })
  })

  test('those that lie together are read as a range, in the order asked', async () => {
    thousandDays()
    const keys = Array.from({ length: 30 }, (_, i) => day(130 - i))
    expect((await newLedger().getMany(keys)).map(s => s?.key)).toEqual(keys)
    expect(asked()).toEqual({ gets: 0, queries: 1 })
  })

  test('those far apart are read one by one after a glance', async () => {
    thousandDays()
    const keys = Array.from({ length: 10 }, (_, i) => day(i * 100))
    expect((await newLedger().getMany(keys)).map(s => s?.key)).toEqual(keys)
    expect(asked()).toEqual({ gets: 9, queries: 1 })
  })

  test('one asked for twice is read once, and what is not there is undefined', async () => {
    mock.on(GetItemCommand).resolves({})
    expect(await newLedger().getMany([key, key])).toEqual([undefined, undefined])
    expect(asked().gets).toBe(1)
  })

  test('limits and switches are each a partition key’s, and come back by their own names', async () => {
    thousandDays()
    const keys = [
      { pk: 'pause', sk: 'all' },
      { pk: 'limit', sk: 'task/clean-orders' },
    ]
    expect((await newLedger().getMany(keys)).map(s => s?.key)).toEqual(keys)
    expect(mock.commandCalls(GetItemCommand).map(c => c.args[0].input.Key!.pk!.S)).toEqual(['pause/all', 'limit/task/clean-orders'])
  })
})

describe('what fails', () => {
  test('a write on another revision is refused, and says so', async () => {
    mock.on(UpdateItemCommand).rejects(refused(item(run())))
    const ledger = newLedger()
    expect(await ledger.put(key, run(), 2)).toBe(false)
    expect(ledger.consumed).toMatchObject({ writeUnits: 1, requests: { put: 0, refused: 1 } })
  })

  test('a write whose answer was lost, and that the SDK sent again, counts as written', async () => {
    mock.on(UpdateItemCommand).callsFake(async ({ ExpressionAttributeValues: v }) => {
      throw refused({ ...item(run()), by: v[':by'] })
    })
    expect(await newLedger().put(key, run(), 2)).toBe(true)
  })

  test('so it is with the SDK itself, on a connection that breaks after the write', async () => {
    const requests: { ExpressionAttributeValues: Record<string, unknown> }[] = []
    const server = createServer((request, response) => {
      let text = ''
      request.on('data', data => (text += data))
      request.on('end', () => {
        requests.push(JSON.parse(text))
        if (requests.length === 1) {
          request.socket.destroy()
          return
        }
        const Item = { ...item(run()), by: requests[0]!.ExpressionAttributeValues[':by'] }
        response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' })
        response.end(JSON.stringify({ __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException', message: 'no', Item }))
      })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    mock.restore()
    const client = new DynamoDBClient({
      region: 'eu-west-1',
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    })
    try {
      expect(await new DynamoLedger({ table: 'ledger-dev', client }).put(key, run(), 2)).toBe(true)
      expect(requests).toHaveLength(2)
    } finally {
      client.destroy()
      server.close()
      mock = mockClient(DynamoDBClient)
    }
  })

  test('throttling that outlasts the SDK’s tries is transient', async () => {
    mock.on(GetItemCommand).rejects(failing('ProvisionedThroughputExceededException'))
    mock.on(UpdateItemCommand).rejects(failing('ThrottlingException'))
    await expect(newLedger().get(key)).rejects.toMatchObject({ code: 'LEDGER_FAILED', failure: 'transient' })
    await expect(newLedger().put(key, run(), 0)).rejects.toMatchObject({ code: 'LEDGER_FAILED', failure: 'transient' })
  })

  test('an answer that does not come is transient', async () => {
    mock.on(QueryCommand).rejects(failing('TimeoutError', 'socket hang up'))
    await expect(newLedger().query('night')).rejects.toMatchObject({
      failure: 'transient',
      message: expect.stringContaining('dynamodb:Query on table/ledger-dev failed: TimeoutError'),
    })
  })

  test.each([
    ['get', () => newLedger().get(key), 'dynamodb:GetItem on table/ledger-dev'],
    ['put', () => newLedger().put(key, run(), 0), 'dynamodb:UpdateItem on table/ledger-dev'],
    ['query', () => newLedger().query('night'), 'dynamodb:Query on table/ledger-dev'],
    ['publishedSince', () => newLedger().publishedSince('clean', 0), 'dynamodb:Query on table/ledger-dev/index/recent'],
  ])('where %s is not allowed, the action and the resource are named', async (_, call, named) => {
    mock.onAnyCommand().rejects(failing('AccessDeniedException', 'User: x is not authorized'))
    await expect(call()).rejects.toMatchObject({
      code: 'NOT_DEPLOYED',
      failure: 'user',
      message: expect.stringContaining(`${named} is not allowed`),
      remedy: expect.stringContaining(`allow ${named}`),
    })
  })

  test('a table that is not there is named', async () => {
    mock.on(GetItemCommand).rejects(failing('ResourceNotFoundException'))
    await expect(newLedger().get(key)).rejects.toMatchObject({ code: 'NOT_DEPLOYED', message: expect.stringContaining('table/ledger-dev') })
  })

  test('a document that is too large is named, by this count or by DynamoDB’s', async () => {
    await expect(newLedger().put(key, { text: 'x'.repeat(400 * 1024) }, 0)).rejects.toThrow('run/clean/2001-02-14 has 409611 bytes')
    expect(mock.calls()).toHaveLength(0)
    mock.on(UpdateItemCommand).rejects(failing('ValidationException', 'Item size to update has exceeded the maximum allowed size'))
    await expect(newLedger().put(key, { text: 'ж'.repeat(300 * 1024) }, 0)).rejects.toMatchObject({ failure: 'user' })
  })

  test('a long-open run that may not be given a lasting entry is found all the same', async () => {
    mock.on(QueryCommand).resolves({ Items: [marshall({ ...key, ix: 'run/clean', at: String(NOW - 20 * DAY) })] })
    mock.on(GetItemCommand).resolves({ Item: item(run({ effects: [{ effect: 'notice' }] })) })
    mock.on(UpdateItemCommand).rejects(failing('AccessDeniedException'))
    expect(await newLedger().withEffects('run/clean')).toEqual([key])
    expect(sent()).toMatchObject({
      UpdateExpression: 'SET #ix = :ix, #at = :at',
      ConditionExpression: '#rev = :rev',
      ExpressionAttributeValues: { ':rev': { N: '3' }, ':ix': { S: 'run/clean' }, ':at': { S: 'open' } },
    })
  })
})
