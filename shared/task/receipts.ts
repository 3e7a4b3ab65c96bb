import type { Columns } from '../core/schema.ts'

/** The columns of a load's output: one row a batch that the target accepted. */
export const receipts = { batch: 'int', rows: 'int', token: 'string', answer: 'string' } as const satisfies Columns
