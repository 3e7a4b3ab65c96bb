import type { AttributeValue } from '@aws-sdk/client-dynamodb'

const bytesOf = (text: string) => Buffer.byteLength(text)

/** Two digits a byte, and one for the exponent; zeros at either end are not counted. */
function numberBytes(text: string): number {
  const digits = text
    .replace(/e.*$/i, '')
    .replace(/[-.]/g, '')
    .replace(/^0+|0+$/g, '')
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith('-') ? 1 : 0)
}

function valueBytes(value: AttributeValue): number {
  if (value.S !== undefined) return bytesOf(value.S)
  if (value.N !== undefined) return numberBytes(value.N)
  if (value.L !== undefined) return 3 + value.L.reduce((sum, one) => sum + 1 + valueBytes(one), 0)
  if (value.M !== undefined) return 3 + Object.entries(value.M).reduce((sum, [name, one]) => sum + 1 + bytesOf(name) + valueBytes(one), 0)
  return 1
}

/** The bytes that DynamoDB bills an item as ("DynamoDB item sizes and formats"). */
export function itemBytes(item: Record<string, AttributeValue>): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + bytesOf(name) + valueBytes(value), 0)
}
