import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'

const guard = new DatabaseSync(`${workerData}.lock`)
guard.exec('begin exclusive')
parentPort.postMessage('held')
// The port keeps the thread, and so the lock, until it is ended.
parentPort.on('message', () => guard.close())
