import { InvalidArgumentError } from 'commander'

/** Reads an option that is a whole number from 1. */
export const wholeNumber = (text: string): number => wholeNumberFrom(1, text)

/** Reads an option that is a whole number from 0. */
export const wholeNumberOrZero = (text: string): number => wholeNumberFrom(0, text)

function wholeNumberFrom(least: number, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(value) || value < least) throw new InvalidArgumentError(`It is a whole number from ${least}.`)
  return value
}
