/** Does something with every one, so many at once. One that fails keeps no other from its turn; the first failure is thrown in the end. */
export async function everyOne<T>(all: readonly T[], atOnce: number, act: (one: T) => Promise<unknown>): Promise<void> {
  const failures: unknown[] = []
  const rest = all.values()
  const lane = async () => {
    for (const one of rest) await act(one).catch(failure => failures.push(failure))
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, all.length) }, lane))
  if (failures.length > 0) throw failures[0]
}
