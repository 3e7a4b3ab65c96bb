import { isHalted, type PauseDoc } from '../../shared/engine/keys.ts'

const all: PauseDoc = { v: 1, task: 'all', paused: false, at: 0 }

test.each<[string, PauseDoc, string | undefined, boolean]>([
  ['a stage that was never moved', all, 'eu-west-1', false],
  ['the region that writes', { ...all, writer: 'eu-west-1' }, 'eu-west-1', false],
  ['a region that does not write', { ...all, writer: 'eu-central-1' }, 'eu-west-1', true],
  ['one machine, which has no regions', { ...all, writer: 'eu-central-1' }, undefined, false],
  ['a pause', { ...all, paused: true, writer: 'eu-west-1' }, 'eu-west-1', true],
])('%s', (_, doc, region, halted) => {
  expect(isHalted(doc, region)).toBe(halted)
})
