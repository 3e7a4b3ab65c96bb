import { table } from '../../bench/table.ts'

test('figures stand in columns; a goal that is missed says so', () => {
  expect(
    table([
      { name: 'chain: p50', unit: 'ms', value: 0.1534, floor: 0.0561, goal: { most: 0.2 } },
      { name: 'memory', unit: 'MB', value: 212.4, goal: { most: 200 } },
      { name: 'speed', unit: '%', value: 104, peer: 1.5, goal: { least: 90 }, note: 'peer: another way' },
    ]),
  ).toBe(
    [
      'chain: p50  0.153  ms  floor 0.056             goal ≤ 0.200',
      'memory        212  MB                          goal ≤ 200, missed',
      'speed         104  %                peer 1.50  goal ≥ 90.0',
      '  peer: another way',
      '',
    ].join('\n'),
  )
})
