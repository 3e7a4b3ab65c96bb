// DuckDB puts its own words around a value that it cannot read. The @ is what the prelude's macros leave before such a text.
const UNREAD =
  /(?:convert string|parse string|field format:|field value) ?(?:"|')[@=]([\s\S]*?)(?:"|')(?: to ([A-Z]+)| according|, expected| has|$)/

// What a translation says of a value itself, by a cast that cannot succeed.
const SAID =
  /(?:convert string|parse string|field format:) ?(?:"|')((?:division by zero|not by the pattern|not URL|no item|an escape|an? (?:text|letter|capital|number|step)|elt has|split_part|slice|arrays count|the end is|more than sixty|corr of)[\s\S]*?)(?:"|') ?(?:to |according|, expected|$)/

const KINDS: Record<string, string> = { BOOL: 'boolean', DOUBLE: 'number', FLOAT: 'number', DECIMAL: 'number' }

/**
 * What a failure of DuckDB says of the data, in the words of the statement: `not a date: 2001-13-01`. Other messages stay as they are.
 *
 * @example
 * failureText("Conversion Error: Could not convert string '@SFO' to INT32") // 'not a whole number: SFO'
 */
export function failureText(message: string): string {
  const unread = UNREAD.exec(message)
  if (!unread) return SAID.exec(message)?.[1] ?? message
  const kind = message.includes('timestamp')
    ? 'timestamp'
    : message.includes('parse string')
      ? 'date'
      : (KINDS[unread[2] ?? ''] ?? 'whole number')
  // A date without day or month ends with the places left for them.
  return `not a ${kind}: ${kind === 'date' ? unread[1]!.replace(/-+$/, '') : unread[1]}`
}
