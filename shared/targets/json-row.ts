/**
 * A row as JSON text. A bigint becomes a number with all its digits, not a text: the receiver's parser decides what it can hold.
 *
 * @example jsonOf({ id: 9007199254740993n }) // '{"id":9007199254740993}'
 */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? raw.rawJSON(String(v)) : v))
}

// Node 24 has it; TypeScript's library does not know it yet.
const raw = JSON as unknown as { rawJSON(text: string): unknown }
