import './matchers.ts'

export { recordedFetch } from '../sources/recorded.ts'
export { rowsDifference } from './equal-rows.ts'
export { row } from './row.ts'
export { type RunOptions, type RunResult, runTask } from './run-task.ts'
