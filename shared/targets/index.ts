export type { HttpAuth } from '../ports/http.ts'
export { type HttpApiOptions, httpApi } from './http-api.ts'
export { type QueueOptions, queue } from './queue.ts'
export { type WarehouseOptions, warehouse } from './warehouse.ts'
