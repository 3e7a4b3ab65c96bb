import { lambda } from 'redeye/lambda'
import task from './task.ts'

export const { decide, work } = lambda(task)
