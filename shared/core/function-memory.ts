/** The least and the most memory in MB that a task's work may have on Lambda. */
export const LEAST_FUNCTION_MB = 512
export const MOST_FUNCTION_MB = 10_240

/** What to do about work that a function of so many MB cannot hold. */
export function moreMemory(memoryMb: number | undefined): string {
  if (memoryMb === undefined) return 'set memoryMb in its task.ts'
  if (memoryMb >= MOST_FUNCTION_MB) return "set engine: 'spark' in its task.ts, or make its work smaller"
  return `set memoryMb to ${Math.min(memoryMb * 2, MOST_FUNCTION_MB)} in its task.ts`
}
