import { jsonApi } from '../../shared/sources/http-json.ts'
import { recordedFetch, recordedWorld } from '../../shared/sources/recorded.ts'
import { errorOf } from './reading.ts'

const url = 'https://api.example.com/items'

test('answers in order, and keeps what it was asked', async () => {
  const fetch = recordedFetch([
    { url, body: { a: 1 } },
    { url, method: 'POST', status: 202, headers: { 'x-a': 'b' }, body: 'ok' },
    { url, status: 204 },
    { url, fails: 'ECONNRESET' },
    { url },
  ])
  expect(await (await fetch(url)).json()).toEqual({ a: 1 })
  const posted = await fetch(new URL(url), { method: 'POST', body: '{"x":1}', headers: { 'X-Key': 'k' } })
  expect([posted.status, posted.headers.get('x-a'), await posted.text()]).toEqual([202, 'b', 'ok'])
  expect((await fetch(url)).body).toBeNull()
  await expect(fetch(url)).rejects.toThrow('fetch failed')
  expect(fetch.requests[1]).toMatchObject({ url, method: 'POST', body: '{"x":1}', headers: { 'x-key': 'k' } })
  expect(fetch.unused()).toEqual([{ url }])
})

test('an unexpected request says what was asked and what is recorded', async () => {
  const fetch = recordedFetch([{ url }])
  await expect(fetch(`${url}?page=1`)).rejects.toThrow(`unexpected request 1: GET ${url}?page=1; recorded is GET ${url}`)
  await expect(fetch(url, { method: 'POST' })).rejects.toThrow(`unexpected request 1: POST ${url}; recorded is GET ${url}`)
  await fetch(url)
  await expect(fetch(url)).rejects.toThrow(`unexpected request 2: GET ${url}; no more responses are recorded`)
})

test('a source ends at once with that error', async () => {
  const world = recordedWorld({ secrets: { API: 'https://api.example.com' } })
  const error = await errorOf(jsonApi({ connection: 'API', path: '/items' }), { world })
  expect(error).toMatchObject({ code: 'BAD_ARGUMENT', message: `unexpected request 1: GET ${url}; no more responses are recorded` })
  expect(world.sleeps).toEqual([])
})
