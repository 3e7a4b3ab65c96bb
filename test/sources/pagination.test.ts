import { valueAt } from '../../shared/sources/json-path.ts'
import { type Answered, firstPage, nextLink, type Pages, pageAfter, pageUrl } from '../../shared/sources/pagination.ts'

const answered = (body: unknown, more: Partial<Answered> = {}): Answered => ({
  url: 'https://api.example.com/v1/items?size=2',
  link: null,
  items: 2,
  value: path => valueAt(body, path),
  ...more,
})
const first = 'https://api.example.com/v1/items?size=2'

test.each<[Pages | undefined, string]>([
  [undefined, first],
  [{ by: 'cursor', next: 'n', parameter: 'cursor' }, first],
  [{ by: 'page', parameter: 'page' }, `${first}&page=1`],
  [{ by: 'page', parameter: 'page', first: 0 }, `${first}&page=0`],
  [{ by: 'offset', parameter: 'skip' }, `${first}&skip=0`],
  [{ by: 'link' }, first],
])('the first page of %j', (pages, url) => {
  expect(pageUrl(first, pages, firstPage(pages))).toBe(url)
})

describe('a cursor', () => {
  const pages: Pages = { by: 'cursor', next: 'meta.next', parameter: 'cursor' }
  const pageOn = (body: unknown, p: Pages = pages) => pageAfter(p, { first: true }, answered(body))
  test('leads on until there is none', () => {
    expect(pageOn({ meta: { next: 'a b' } })).toEqual({ cursor: 'a b' })
    expect(pageUrl(first, pages, { cursor: 'a b&c' })).toBe(`${first}&cursor=a+b%26c`)
    expect(pageOn({ meta: { next: 7 } })).toEqual({ cursor: '7' })
    for (const next of [null, '', false, undefined]) expect(pageOn({ meta: { next } })).toBeUndefined()
    expect(() => pageOn({ meta: { next: {} } })).toThrow('answered {} at meta.next, expected a text')
  })
  test('may be the last item’s, with a word on whether there is more', () => {
    const byItem: Pages = { by: 'cursor', next: 'data.-1.id', parameter: 'after', more: 'has_more' }
    expect(pageOn({ data: [{ id: 1 }, { id: 2 }], has_more: true }, byItem)).toEqual({ cursor: '2' })
    expect(pageOn({ data: [{ id: 1 }, { id: 2 }], has_more: false }, byItem)).toBeUndefined()
    expect(() => pageOn({ data: [], has_more: true }, byItem)).toThrow('expected a cursor, since there is more')
    expect(() => pageOn({ data: [] }, byItem)).toThrow('expected true or false')
  })
})

test('a URL leads on, relative or absolute, but to no other origin', () => {
  const pages: Pages = { by: 'url', next: 'next' }
  const pageOn = (next: unknown) => pageAfter(pages, { first: true }, answered({ next }))
  expect(pageOn('?page=2')).toEqual({ url: 'https://api.example.com/v1/items?page=2' })
  expect(pageOn('https://api.example.com/x')).toEqual({ url: 'https://api.example.com/x' })
  expect(pageOn(null)).toBeUndefined()
  expect(() => pageOn('https://evil.example.com/x')).toThrow('must not get the credential')
  expect(() => pageOn('http://')).toThrow('expected a URL')
})

test('pages count up to an empty one or the last', () => {
  const pages: Pages = { by: 'page', parameter: 'page', last: 'pages' }
  expect(pageAfter(pages, { page: 1 }, answered({ pages: 2 }))).toEqual({ page: 2 })
  expect(pageAfter(pages, { page: 2 }, answered({ pages: '2' }))).toBeUndefined()
  expect(pageAfter({ by: 'page', parameter: 'page' }, { page: 5 }, answered({}))).toEqual({ page: 6 })
  expect(pageAfter({ by: 'page', parameter: 'page' }, { page: 5 }, answered({}, { items: 0 }))).toBeUndefined()
  expect(() => pageAfter(pages, { page: 1 }, answered({}))).toThrow('answered nothing at pages, expected a number')
})

test('offsets grow by the items that came, not by those asked for', () => {
  const pages: Pages = { by: 'offset', parameter: 'offset', total: 'count' }
  expect(pageAfter(pages, { offset: 0 }, answered({ count: 5 }))).toEqual({ offset: 2 })
  expect(pageAfter(pages, { offset: 3 }, answered({ count: 5 }))).toBeUndefined()
  expect(pageAfter({ by: 'offset', parameter: 'offset' }, { offset: 4 }, answered({}, { items: 0 }))).toBeUndefined()
})

test.each([
  ['<https://a/x?page=2>; rel="next"', 'https://a/x?page=2'],
  ['<https://a/x?page=1>; rel="prev", <https://a/x?q=a,b;c>; title="a, b"; rel="last next"', 'https://a/x?q=a,b;c'],
  ['</x>;rel=next', '/x'],
  ['<https://a/x>; rel="prev"', undefined],
  ['', undefined],
  [null, undefined],
])('the Link header %s', (header, next) => {
  expect(nextLink(header)).toBe(next)
})
