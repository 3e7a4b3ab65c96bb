import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { root } from './compile.ts'

const pages = [
  'README.md',
  'events/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.md'))
    .map(file => join('docs', file)),
]

test.each(pages)('what %s links to exists', page => {
  const links = [...readFileSync(join(root, page), 'utf8').matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(m => m[1]!)
  const local = links.filter(link => !/^[a-z]+:/.test(link))
  expect(local.filter(link => !existsSync(join(root, dirname(page), link)))).toEqual([])
})

test('every decision is in their list', () => {
  const list = readFileSync(join(root, 'docs/decisions/README.md'), 'utf8')
  const decisions = readdirSync(join(root, 'docs/decisions')).filter(file => file !== 'README.md')
  expect(decisions.filter(file => !list.includes(`(${file})`))).toEqual([])
})

test('README’s list of folders is that of the project', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const listing = readme.slice(readme.indexOf('## Where things are'), readme.indexOf('## Read on'))
  const listed = [...listing.matchAll(/^( *)([a-z]+)\/(?: |$)/gm)].map(m => (m[1] === '' ? m[2]! : `shared/${m[2]}`))
  const folders = (under: string) =>
    readdirSync(join(root, under), { withFileTypes: true })
      .filter(entry => entry.isDirectory() && /^[a-z]/.test(entry.name) && !['node_modules', 'coverage'].includes(entry.name))
      .filter(entry => readdirSync(join(root, under, entry.name)).length > 0)
      .map(entry => relative(root, join(root, under, entry.name)))
  expect(listed.sort()).toEqual([...folders('.'), ...folders('shared')].sort())
})
