import { Readable } from 'node:stream'
import type { Columns } from '../../shared/core/schema.ts'
import { type XmlApiOptions, xmlApi } from '../../shared/sources/http-xml.ts'
import { type RecordedResponse, recordedWorld } from '../../shared/sources/recorded.ts'
import { withApi } from './api.ts'
import { breaksAnywhere, errorOf, read, readAll } from './reading.ts'

const pull = (options: Partial<XmlApiOptions> = {}) => xmlApi({ connection: 'API', path: '/strikes', item: 'strike', ...options })
const answering = (...responses: Omit<RecordedResponse, 'url'>[]) =>
  recordedWorld({
    secrets: { API: 'https://api.example.com' },
    responses: responses.map(r => ({ url: 'https://api.example.com/strikes', ...r })),
  })
const one = async (body: string | Uint8Array, columns: Columns = {}, headers: Record<string, string> = {}) =>
  (await readAll(pull(), { columns, world: answering({ body, headers }) })).records
const failing = (body: string | Uint8Array, options: Partial<XmlApiOptions> = {}) => errorOf(pull(options), { world: answering({ body }) })

describe('items', () => {
  test('attributes and children are fields', async () => {
    const records = await one(`<?xml version="1.0"?>
      <w:strikes xmlns:w="urn:w" count="2"><!-- a comment --><page><total>2</total></page>
        <w:strike id="1" w:kind="bird" xmlns:x="urn:x">
          <airport>SFO &amp; &lt;co&gt; &#65;</airport><note><![CDATA[<b> & ]]>more</note><species code="g">gull</species>
          <speed/><height>
          </height><x:gone xmlns:xsi="urn:xsi" xsi:nil="true"/>
        </w:strike>
        <strike>only text</strike>
      </w:strikes>`)
    expect(records).toEqual([
      {
        id: '1',
        kind: 'bird',
        airport: 'SFO & <co> A',
        note: '<b> & more',
        species: { code: 'g', _text: 'gull' },
        speed: null,
        height: null,
        gone: null,
      },
      { _text: 'only text' },
    ])
  })

  test('what repeats is a list, and a declared array is one however many there are', async () => {
    const columns: Columns = {
      tag: { array: 'string' },
      parts: { array: { struct: { id: 'int' } } },
      names: { array: 'string' },
      doc: 'json',
    }
    const records = await one(
      `<r><strike><tag>a</tag><tag>b</tag><other>1</other><other>2</other></strike>
       <strike><tag>a</tag><parts><part><id>1</id></part></parts><names><name>x</name><name>y</name></names><doc>{"a":1}</doc></strike>
       <strike tag="a"><tag>b</tag></strike></r>`,
      columns,
    )
    expect(records).toEqual([
      { tag: ['a', 'b'], other: ['1', '2'] },
      { tag: ['a'], parts: [{ id: '1' }], names: ['x', 'y'], doc: { a: 1 } },
      { tag: ['a', 'b'] },
    ])
  })

  test('elements of the item’s name inside an item, or as the root, are what they are', async () => {
    expect(await one('<r><strike><strike>inner</strike></strike></r>')).toEqual([{ strike: 'inner' }])
    expect(await one('<strike><a>1</a></strike>')).toEqual([{ a: '1' }])
    expect(await one('<r/>')).toEqual([])
    expect(await one('<r><strike constructor="c"><__proto__>p</__proto__></strike></r>')).toEqual([
      JSON.parse('{"constructor":"c","__proto__":"p"}'),
    ])
  })

  test.each<[string, Uint8Array, Record<string, string>]>([
    ['the declaration', Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><r><strike><a>S\xe3o</a></strike></r>', 'latin1'), {}],
    [
      'the content type',
      Buffer.from('<r><strike><a>S\xe3o</a></strike></r>', 'latin1'),
      { 'content-type': 'text/xml; charset=iso-8859-1' },
    ],
    ['a byte order mark', Buffer.from('\ufeff<r><strike><a>São</a></strike></r>', 'utf16le'), {}],
    ['nothing: UTF-8', Buffer.from('<r><strike><a>São</a></strike></r>'), {}],
  ])('the encoding is said by %s', async (_, body, headers) => {
    expect(await one(body, {}, headers)).toEqual([{ a: 'São' }])
  })
})

describe('what is refused', () => {
  test.each([
    ['a DOCTYPE', '<!DOCTYPE r><r><strike/></r>', /it has a DOCTYPE, which is refused/],
    ['an entity of its own', '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><r><strike>&b;</strike></r>', /DOCTYPE/],
    ['a file as entity', '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><r>&f;</r>', /DOCTYPE/],
    ['an unknown entity', '<r><strike>&nbsp;</strike></r>', /undefined entity/],
    ['tags that do not match', '<r><strike></r>', /unexpected close tag/],
    ['an end midway', '<r><strike><a>1</a>', /unclosed tag/],
    ['nothing', '', /the document is empty|document must contain a root element/],
    ['no XML', '{"data":[]}', /cannot be taken/],
    ['bytes of another encoding', Buffer.from('<r><strike>S\xe3o</strike></r>', 'latin1'), /its bytes are not in the encoding it says/],
    ['an unknown encoding', Buffer.from('<?xml version="1.0" encoding="klingon"?><r/>'), /its encoding "klingon" is unknown/],
  ])('%s', async (_, body, message) => {
    expect(await failing(body)).toMatchObject({ code: 'BAD_SOURCE', failure: 'user', message: expect.stringMatching(message) })
  })

  test.each([
    ['text', `<r><strike><a>${'x'.repeat(100_000)}</a></strike></r>`],
    ['many children', `<r><strike>${'<a>1</a>'.repeat(20_000)}</strike></r>`],
    ['an attribute', `<r><strike a="${'x'.repeat(100_000)}"/></r>`],
    ['text outside of items', `<r><a>${'x'.repeat(100_000)}</a></r>`],
    ['a comment', `<r><!--${'x'.repeat(100_000)}--></r>`],
    ['a DOCTYPE without end', `<!DOCTYPE r [${' '.repeat(100_000)}`],
  ])('an item, or anything else, without bounds: %s', async (_, body) => {
    expect(await failing(body, { maxItemCharacters: 50_000 })).toMatchObject({
      code: 'BAD_SOURCE',
      message: expect.stringContaining('50000 characters'),
    })
  })
})

describe('pages', () => {
  test('by a value in the document, and reading goes on after any page', async () => {
    const answer: Parameters<typeof withApi>[0] = (_, response, url) => {
      const from = Number(url.searchParams.get('after') ?? 0)
      const items = Array.from({ length: 10 }, (_, i) => `<strike id="${from + i}"/>`).join('')
      response.writeHead(200, { 'content-type': 'application/xml' })
      response.end(`<r><paging more="${from < 20}"><cursor>${from + 10}</cursor></paging>${items}</r>`)
    }
    await withApi(answer, async server => {
      const world = { ...recordedWorld({ secrets: { API: server.url } }), fetch }
      const source = pull({ pages: { by: 'cursor', next: 'paging.cursor', parameter: 'after', more: 'paging.more' } })
      const { records } = await readAll(source, { world })
      expect(records.map(r => r.id)).toEqual(Array.from({ length: 30 }, (_, i) => String(i)))
      expect(server.requests).toEqual(['/strikes', '/strikes?after=10', '/strikes?after=20'])
      expect(await breaksAnywhere(source, { world }, records)).toBe(3)
    })
  })

  test('by a Link header, after a 429', async () => {
    const world = answering(
      { status: 429, headers: { 'retry-after': '2' } },
      { body: '<r><strike id="1"/></r>', headers: { link: '</strikes?p=2>; rel="next"' } },
      { url: 'https://api.example.com/strikes?p=2', body: '<r><strike id="2"/></r>' } as RecordedResponse,
    )
    const { records } = await readAll(pull({ pages: { by: 'link' } }), { world })
    expect(records).toEqual([{ id: '1' }, { id: '2' }])
    expect(world.sleeps).toEqual([2000])
    expect(world.fetch.unused()).toEqual([])
  })
})

test('memory stays bounded: an endless document is read as it is consumed', async () => {
  let made = 0
  function* endless() {
    yield Buffer.from('<r>')
    for (;;) {
      made += 100
      yield Buffer.from('<strike><a>1</a></strike>'.repeat(100))
    }
  }
  await withApi(
    (_, response) => {
      Readable.from(endless())
        .on('error', () => {})
        .pipe(response)
      response.on('close', () => response.destroy())
    },
    async server => {
      let rows = 0
      for await (const batch of read(pull(), { world: { ...recordedWorld({ secrets: { API: server.url } }), fetch } })) {
        expect(batch.records.length).toBeLessThanOrEqual(1000)
        rows += batch.records.length
        if (rows >= 100_000) break
      }
      // What lies between is in the buffers of sockets and streams: a few megabytes, however long one reads.
      expect(made - rows).toBeLessThan(400_000)
    },
  )
})

test('a document that breaks off gives what it had and ends transient, with no position for it', async () => {
  await withApi(
    (_, response) => {
      response.writeHead(200)
      response.write(`<r>${'<strike><a>1</a></strike>'.repeat(1500)}`, () => response.destroy())
    },
    async server => {
      const world = { ...recordedWorld({ secrets: { API: server.url } }), fetch }
      expect(await errorOf(pull(), { world })).toMatchObject({ code: 'SOURCE_UNAVAILABLE', failure: 'transient' })
    },
  )
})

test('a configuration’s faults are found without touching the world', () => {
  expect(pull().faults({})).toEqual([])
  expect(pull({ item: 'w:strike', maxItemCharacters: 0 }).faults({})).toEqual([
    'item is the name of an element without prefix, not "w:strike"',
    'maxItemCharacters is a whole number, not 0',
  ])
})

test('a name that is no option is a fault', () => {
  expect(pull({ maxItemCharacter: 9 } as object).faults({})).toEqual([
    'xmlApi has no option "maxItemCharacter"; did you mean maxItemCharacters?',
  ])
})
