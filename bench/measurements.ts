import type { Measurement } from './figure.ts'

/** What is measured, by name, in the order of the table; each is loaded in its own process only. */
export const measurements = {
  chain: async () => (await import('./measurements/chain.ts')).chain,
  fan: async () => (await import('./measurements/fan.ts')).fan,
  year: async () => (await import('./measurements/year.ts')).year,
  backfill: async () => (await import('./measurements/year.ts')).backfill,
  layered: async () => (await import('./measurements/layered.ts')).layered,
  ancestry: async () => (await import('./measurements/ancestry.ts')).ancestry,
  demo: async () => (await import('./measurements/demo.ts')).demo,
} satisfies Record<string, () => Promise<Measurement>>
