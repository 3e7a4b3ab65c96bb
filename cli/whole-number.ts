import { InvalidArgumentError } from 'commander'

/** Reads an option that is a whole number from 1. */
export function wholeNumber(text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('It is a whole number from 1.')
  return value
}
