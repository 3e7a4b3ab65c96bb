import { parentPort } from 'node:worker_threads'
import { computeFor } from './services.ts'

parentPort!.on('message', ({ i, ms }: { i: number; ms: number }) => {
  computeFor(ms)
  parentPort!.postMessage(i)
})
parentPort!.postMessage('ready')
