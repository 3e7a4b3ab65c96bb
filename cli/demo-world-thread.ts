import { workerData } from 'node:worker_threads'
import { buildWorld } from '../demo/world.ts'

await buildWorld(workerData as string)
