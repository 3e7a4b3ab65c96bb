import { inflateRawSync } from 'node:zlib'
import { duckdbFiles } from '../../../shared/aws/deploy/duckdb-native.ts'
import { root } from './tasks.ts'

// An ELF file says at byte 18 which machine it is for (elf.h: EM_X86_64, EM_AARCH64).
const MACHINE_AT = 18
const machines = [
  ['x86_64', 62],
  ['arm64', 183],
] as const

test.each(machines)('for %s there is DuckDB’s native part, whatever machine this is', async (architecture, machine) => {
  const files = await duckdbFiles(root, architecture)
  const native = files.filter(f => /\.(node|so)$/.test(f.path))
  expect(native.map(f => f.path.split('/').at(-1))).toEqual(['duckdb.node', 'libduckdb.so'])
  for (const { deflated } of native) expect(inflateRawSync(deflated).readUInt16LE(MACHINE_AT)).toBe(machine)
})
