import { setTimeout } from 'node:timers/promises'
import type { Json } from '../../shared/core/schema.ts'
import type { SourceWorld } from '../../shared/ports/source.ts'
import { type JsonApiOptions, jsonApi } from '../../shared/sources/http-json.ts'
import { recordedWorld } from '../../shared/sources/recorded.ts'
import { type Api, json, withApi } from './api.ts'
import { breaksAnywhere, errorOf, type Reading, read, readAll, whole } from './reading.ts'

const pull = (options: Partial<JsonApiOptions> = {}) => jsonApi({ connection: 'API', path: '/items', items: 'data', ...options })
/** The real fetch; waits are noted and take no time. */
function world(server: Api, secrets: Record<string, string> = {}): SourceWorld & { sleeps: number[] } {
  return { ...recordedWorld({ secrets: { API: server.url, ...secrets }, now: Date.parse('2001-02-14T05:00:00Z') }), fetch }
}
const items = (from: number, to: number) => Array.from({ length: Math.max(0, to - from) }, (_, i) => ({ id: from + i }))

describe('pages', () => {
  /** 25 items, ten a page, by every way of paging at once. */
  const paged: Parameters<typeof withApi>[0] = (_, response, url) => {
    const page = Number(url.searchParams.get('page') ?? 1)
    const from = url.searchParams.has('offset')
      ? Number(url.searchParams.get('offset'))
      : Number(url.searchParams.get('cursor') ?? (page - 1) * 10)
    const more = from + 10 < 25
    const link: Record<string, string> = more ? { link: `<${url.pathname}?page=${page + 1}>; rel="next"` } : {}
    json(
      response,
      {
        data: items(from, Math.min(25, from + 10)),
        next: more ? String(from + 10) : null,
        url: more ? `?cursor=${from + 10}` : null,
        total: 25,
      },
      link,
    )
  }
  test.each<[string, JsonApiOptions['pages'], string[]]>([
    ['cursor', { by: 'cursor', next: 'next', parameter: 'cursor' }, ['/items', '/items?cursor=10', '/items?cursor=20']],
    ['url', { by: 'url', next: 'url' }, ['/items', '/items?cursor=10', '/items?cursor=20']],
    ['link', { by: 'link' }, ['/items', '/items?page=2', '/items?page=3']],
    ['page', { by: 'page', parameter: 'page' }, ['/items?page=1', '/items?page=2', '/items?page=3', '/items?page=4']],
    ['offset', { by: 'offset', parameter: 'offset', total: 'total' }, ['/items?offset=0', '/items?offset=10', '/items?offset=20']],
  ])('by %s give all items once, and reading goes on after any page', async (_, pages, requests) => {
    await withApi(paged, async server => {
      const { records } = await readAll(pull({ pages }), { world: world(server) })
      expect(records).toEqual(items(0, 25))
      expect(server.requests).toEqual(requests)
      expect(await breaksAnywhere(pull({ pages }), { world: world(server) }, records)).toBe(requests.length)
    })
  })

  test('without pages, one answer is all; a long list comes in batches', async () => {
    await withApi(
      (_, response) => json(response, items(0, 2500)),
      async server => {
        const { records, positions } = await readAll(pull({ items: undefined }), { world: world(server) })
        expect(records).toHaveLength(2500)
        expect(positions).toEqual([undefined, undefined, { end: true }])
        expect(server.requests).toEqual(['/items'])
      },
    )
  })

  test('a pull of ten thousand pages holds one at a time', async () => {
    await withApi(
      (_, response, url) =>
        json(response, { data: items(Number(url.searchParams.get('page')) * 100, Number(url.searchParams.get('page')) * 100 + 100) }),
      async server => {
        let rows = 0
        for await (const batch of read(pull({ pages: { by: 'page', parameter: 'page' } }), { world: world(server) })) {
          rows += batch.records.length
          expect(server.requests.length).toBe(rows / 100)
          if (rows === 3000) break
        }
      },
    )
  })
})

describe('requests', () => {
  const echo: Parameters<typeof withApi>[0] = (_, response) => json(response, { data: [] })
  test('path and query may name the partition', async () => {
    const zoned = { key: '2001-02-14', start: '2001-02-13T23:00:00Z', end: '2001-02-14T23:00:00Z', timezone: 'Europe/Madrid' }
    await withApi(echo, async server => {
      const options = { path: 'days/{partition}', query: { from: '{start}', to: '{end}', day: '{date}', after: '{endDate}', size: 2 } }
      await readAll(pull(options), { world: world(server), partition: zoned })
      await readAll(pull({ path: '/of/{partition}' }), { world: world(server), partition: { key: 'a/b ü' } })
      expect(server.requests).toEqual([
        '/days/2001-02-14?from=2001-02-13T23%3A00%3A00Z&to=2001-02-14T23%3A00%3A00Z&day=2001-02-14&after=2001-02-15&size=2',
        '/of/a%2Fb%20%C3%BC',
      ])
      expect(await errorOf(pull(options), { world: world(server), partition: whole })).toMatchObject({
        code: 'BAD_SOURCE',
        message: '{start} needs a dated output, and partition "all" has no time',
      })
    })
  })

  test('the address may have a path and parameters of its own', async () => {
    await withApi(echo, async server => {
      const w = { ...world(server), secret: async () => `${server.url}/v1/?tenant=7` }
      await readAll(pull({ path: '/items?a=1%2B1', query: { b: 'x y' } }), { world: w })
      await readAll(pull({ path: undefined }), { world: w })
      expect(server.requests).toEqual(['/v1/items?tenant=7&a=1%2B1&b=x+y', '/v1/?tenant=7'])
    })
  })

  test('credentials travel in their headers', async () => {
    await withApi(echo, async server => {
      const secrets = { TOKEN: 't0k', USER: 'me', PASSWORD: 'pä:ss' }
      await readAll(pull({ auth: { bearer: 'TOKEN' } }), { world: world(server, secrets) })
      await readAll(pull({ auth: { basic: { user: 'USER', password: 'PASSWORD' } } }), { world: world(server, secrets) })
      await readAll(pull({ auth: { header: 'X-Api-Key', secret: 'TOKEN' }, headers: { 'x-trace': '1' } }), {
        world: world(server, secrets),
      })
      expect(server.headers[0]!.authorization).toBe('Bearer t0k')
      expect(Buffer.from(server.headers[1]!.authorization!.slice(6), 'base64').toString()).toBe('me:pä:ss')
      expect(server.headers[2]).toMatchObject({ 'x-api-key': 't0k', 'x-trace': '1', accept: 'application/json' })
    })
  })

  test('a secret that no header can carry is named, not shown', async () => {
    await withApi(echo, async server => {
      const error = await errorOf(pull({ auth: { bearer: 'TOKEN' } }), { world: world(server, { TOKEN: 'two\nlines' }) })
      expect(error).toMatchObject({
        code: 'BAD_CREDENTIAL',
        message: expect.stringContaining('the secret TOKEN holds what no header can carry'),
      })
      expect(error.message).not.toMatch('two')
      expect(server.requests).toEqual([])
    })
  })

  test('redirects are followed at home, and nowhere else', async () => {
    const answer: Parameters<typeof withApi>[0] = (_, response, url) => {
      if (url.pathname === '/items') response.writeHead(302, { location: '/moved' }).end()
      else if (url.pathname === '/away') response.writeHead(307, { location: 'http://localhost:1/' }).end()
      else if (url.pathname === '/round') response.writeHead(301, { location: '/round' }).end()
      else json(response, { data: [{ path: url.pathname }] })
    }
    await withApi(answer, async server => {
      expect((await readAll(pull(), { world: world(server) })).records).toEqual([{ path: '/moved' }])
      expect(await errorOf(pull({ path: '/away' }), { world: world(server) })).toMatchObject({
        code: 'BAD_SOURCE',
        message: expect.stringContaining('must not get the credential'),
      })
      expect(await errorOf(pull({ path: '/round' }), { world: world(server) })).toMatchObject({
        code: 'BAD_SOURCE',
        message: expect.stringContaining('is redirected more than 20 times'),
      })
    })
  })
})

describe('a server that is busy', () => {
  test('is asked again when it says, or ever later', async () => {
    const busy: [number, Record<string, string>][] = [
      [429, { 'retry-after': '7' }],
      [503, { 'retry-after': 'Wed, 14 Feb 2001 05:00:09 GMT' }],
      [500, {}],
      [522, {}],
    ]
    await withApi(
      (_, response) => {
        const [status, headers] = busy.shift() ?? [200, {}]
        json(response, { data: [{ id: 1 }] }, headers, status)
      },
      async server => {
        const w = world(server)
        expect((await readAll(pull(), { world: w })).records).toEqual([{ id: 1 }])
        expect(w.sleeps).toEqual([7000, 9000, 4000, 8000])
      },
    )
  })

  test('for long ends the attempt, which is retried where it was', async () => {
    await withApi(
      (_, response, url) =>
        url.searchParams.get('page') === '3'
          ? json(response, {}, {}, 503)
          : json(response, { data: [{ page: url.searchParams.get('page') }] }),
      async server => {
        const positions: (Json | undefined)[] = []
        const reading = async () => {
          for await (const batch of read(pull({ pages: { by: 'page', parameter: 'page' } }), { world: world(server) }))
            positions.push(batch.position)
        }
        await expect(reading()).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', failure: 'transient' })
        expect(positions).toEqual([{ page: 2 }, { page: 3 }])
        expect(server.requests.length).toBe(2 + 6)
      },
    )
  })

  test('or wants to be left alone for an hour ends it at once', async () => {
    await withApi(
      (_, response) => json(response, {}, { 'retry-after': '3600' }, 429),
      async server => {
        expect(await errorOf(pull(), { world: world(server) })).toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
        expect(server.requests.length).toBe(1)
      },
    )
  })

  test('that is not there at all is unavailable, and one that hangs up midway too', async () => {
    let gone: Api | undefined
    await withApi(
      () => {},
      async server => {
        gone = server
      },
    )
    expect(await errorOf(pull(), { world: world(gone!) })).toMatchObject({ code: 'SOURCE_UNAVAILABLE', failure: 'transient' })
    await withApi(
      (_, response) => {
        response.writeHead(200, { 'content-length': '1000' })
        response.write('{"data":[')
        void setTimeout(20).then(() => response.destroy())
      },
      async server => {
        expect(await errorOf(pull(), { world: world(server) })).toMatchObject({
          code: 'SOURCE_UNAVAILABLE',
          failure: 'transient',
          message: `GET ${server.url}/items: the answer broke off`,
        })
      },
    )
  })

  test('that accepts and then says nothing is given up after a while, each time it is asked', async () => {
    const jest = import.meta.jest
    jest.useFakeTimers()
    try {
      let asked = 0
      const silent: SourceWorld['fetch'] = (_, init) => {
        asked++
        return new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason)))
      }
      const error = errorOf(pull(), { world: { ...recordedWorld({ secrets: { API: 'https://api.example.com' } }), fetch: silent } })
      await jest.advanceTimersByTimeAsync(6 * 60_000)
      expect(await error).toMatchObject({ code: 'SOURCE_UNAVAILABLE', failure: 'transient' })
      expect(asked).toBe(6)
    } finally {
      jest.useRealTimers()
    }
  })

  test('a cancelled attempt ends while it waits for an answer', async () => {
    const controller = new AbortController()
    await withApi(
      () => controller.abort(new Error('cancelled')),
      async server => {
        await expect(readAll(pull(), { world: world(server), signal: controller.signal })).rejects.toThrow('cancelled')
      },
    )
  })
})

describe('a server that refuses or answers something else', () => {
  const answering = async (status: number, body: string, options: Partial<JsonApiOptions> = {}, reading: Reading = {}) => {
    let error: unknown
    await withApi(
      (_, response) => response.writeHead(status).end(body),
      async server => {
        error = await errorOf(pull(options), { world: world(server, { TOKEN: 'hush' }), ...reading })
        expect(server.requests.length).toBe(1)
      },
    )
    return error as Error & { remedy: string }
  }

  test.each([401, 403])('%i is a matter of the credential, which is named', async status => {
    const error = await answering(status, 'who are you', { auth: { bearer: 'TOKEN' } })
    expect(error).toMatchObject({
      code: 'BAD_CREDENTIAL',
      failure: 'user',
      message: expect.stringContaining('who are you'),
      remedy: 'renew the secret TOKEN',
    })
    expect(`${error.message}${error.remedy}`).not.toMatch('hush')
  })

  test.each([
    [404, 'no such thing', {}, /\/items answered 404: no such thing/],
    [422, '', {}, /answered 422/],
    [200, '<html>sign in</html>', {}, /answers with what is no JSON: "<html>sign in<\/html>"/],
    [200, '{"results":{"rows":[]}}', { items: 'results.row' }, /"results.row" in the answer is no list \(it has results\)/],
    [200, '{"data":[]}', { items: undefined }, /the answer is no list \(it has data\)/],
    [200, `{"data":["${'x'.repeat(5000)}"]}`, { maxPageBytes: 1000 }, /answers with more than 1000 bytes/],
    [
      200,
      '{"data":[],"next":{}}',
      { pages: { by: 'cursor', next: 'next', parameter: 'c' } as const },
      /answered {} at next, expected a text/,
    ],
  ])('%i %s', async (status, body, options, message) => {
    expect(await answering(status, body, options)).toMatchObject({
      code: 'BAD_SOURCE',
      failure: 'user',
      message: expect.stringMatching(message),
    })
  })

  test('an address that is none', async () => {
    for (const address of ['not a url', 'ftp://x/', 'https://me:hush@api.example.com']) {
      const error = await errorOf(pull(), { secrets: { API: address } })
      expect(error).toMatchObject({ code: 'BAD_SOURCE', failure: 'user' })
      expect(error.message).not.toMatch('hush')
    }
  })

  test('pages without end', async () => {
    await withApi(
      (_, response, url) => json(response, { data: [{ id: url.search }], next: url.searchParams.get('cursor') === 'a' ? 'b' : 'a' }),
      async server => {
        const pages = { by: 'cursor', next: 'next', parameter: 'cursor' } as const
        expect(await errorOf(pull({ pages }), { world: world(server) })).toMatchObject({
          code: 'BAD_SOURCE',
          message: expect.stringContaining('leads to cursor a a second time, so its pages have no end'),
        })
      },
    )
    await withApi(
      (_, response) => json(response, { data: [{ id: 1 }] }),
      async server => {
        expect(await errorOf(pull({ pages: { by: 'page', parameter: 'p' } }), { world: world(server) })).toMatchObject({
          code: 'BAD_SOURCE',
          message: expect.stringContaining('answers page 3 with the same items as the 2 pages before'),
        })
        expect(server.requests.length).toBe(3)
      },
    )
  })
})

describe('values', () => {
  const one = async (body: string, reading: Reading = {}) => {
    let result: Awaited<ReturnType<typeof readAll>> | undefined
    await withApi(
      (_, response) => response.writeHead(200).end(body),
      async server => {
        result = await readAll(pull({ items: undefined }), { world: world(server), ...reading })
      },
    )
    return result!
  }
  test('numbers keep their digits', async () => {
    const body = '[{"big":12345678901234567890,"safe":9007199254740991,"fraction":0.12345678901234567890,"e":1e3}]'
    expect((await one(body)).records).toEqual([
      { big: 12345678901234567890n, safe: 9007199254740991, fraction: 0.12345678901234568, e: 1000 },
    ])
    const exact = await one(body, { columns: { fraction: { decimal: [30, 20] } } })
    expect(exact.records[0]!.fraction).toBe('0.12345678901234567890')
  })
  test('items that are no objects are rejected with their place', async () => {
    const { records, rejected } = await one('[{"a":1},7,[1],null]')
    expect(records).toEqual([{ a: 1 }])
    expect(rejected.map(r => [r.raw, r.where])).toEqual([
      ['7', 'page 1, item 2'],
      ['[1]', 'page 1, item 3'],
      ['null', 'page 1, item 4'],
    ])
  })
})

test('a configuration’s faults are found without touching the world', () => {
  expect(pull({ auth: { bearer: 'TOKEN' }, pages: { by: 'link' } }).faults({})).toEqual([])
  expect(
    pull({
      connection: 'https://api.example.com',
      path: 'https://x/{partitio}',
      query: { a: '{strt}' },
      headers: { Authorization: 'Bearer x' },
      auth: { header: 'x key', secret: 'a b' },
      pages: { by: 'cursor', next: '', parameter: '' },
      maxPageBytes: -1,
    }).faults({}),
  ).toEqual([
    "connection is the name of a setting, like 'AIRPORTS_API', and not the value itself: received a URL",
    'path is what follows the address in the setting, not a URL',
    'path holds {partitio}, which is nothing of a partition; did you mean {partition}?',
    'query.a holds {strt}, which is nothing of a partition; did you mean {start}?',
    'headers.Authorization would put a secret into the code; use auth',
    'auth is the name of a setting, like \'AIRPORTS_TOKEN\', and not the value itself: received "a b"',
    'auth.header is the name of a header, not "x key"',
    'pages.parameter is empty',
    'pages.next is empty; it is the path to the next page in the answer',
    'maxPageBytes is a whole number of bytes, not -1',
  ])
  expect(pull().describe()).toBe('JSON /items from API')
})

test.each<[string, object, string]>([
  ['an option', { itms: 'data' }, 'jsonApi has no option "itms"; did you mean items?'],
  ['pages', { pages: { by: 'cursor', next: 'next', paramter: 'cursor' } }, 'pages has no option "paramter"; did you mean parameter?'],
  ['auth', { auth: { header: 'x-api-key', secrt: 'KEY' } }, 'auth has no option "secrt"; did you mean secret?'],
  ['a basic auth', { auth: { basic: { usr: 'A', password: 'B' } } }, 'basic has no option "usr"; did you mean user?'],
  [
    'what is near to nothing',
    { auth: { bearer: 'A', oauth: 'B' } },
    'auth has no option "oauth"; choose from bearer, basic, header, secret',
  ],
])('a name that is no option is a fault: of %s', (_, options, fault) => {
  expect(pull(options).faults({})).toEqual([fault])
})
