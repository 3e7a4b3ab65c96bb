// How what a translation says of a value begins; DuckDB puts its own words around it, since it says so by a cast that cannot succeed.
const OWN =
  /(?:"|')((?:division by zero|not (?:a|by|URL)|no item|an escape|an? (?:text|letter|capital|number|step)|elt has|split_part|slice|arrays count|the end is|more than sixty|corr of)[\s\S]*?)(?:"|') ?(?:to |according|, expected|$)/

/**
 * What a failure of DuckDB says of the data, in the words of the statement: `not a date: 2001-13-01`. Other messages stay as they are.
 *
 * @example
 * failureText("Conversion Error: Could not convert string 'not a whole number: SFO' to INT32") // 'not a whole number: SFO'
 */
export function failureText(message: string): string {
  return OWN.exec(message)?.[1] ?? message
}
