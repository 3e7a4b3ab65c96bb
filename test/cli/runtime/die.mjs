import { DatabaseSync, StatementSync } from 'node:sqlite'
import { isMainThread, Worker } from 'node:worker_threads'

/*
 * Preloaded into a process that is to die by its own hand, at a moment no clock outside could hit: DIE_AT=commit:17 is
 * SIGKILL before its 17th commit, committed:17 after it, write:17 in the middle of a transaction, message:17 as a worker's
 * 17th message arrives and nobody has read it.
 */
const [kind, count] = (process.env.DIE_AT ?? '').split(':')
let left = Number(count)

function passed(what) {
  if (what === kind && --left === 0) process.kill(process.pid, 'SIGKILL')
}

if (isMainThread && kind) {
  const { exec } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (sql) {
    if (sql !== 'COMMIT') return exec.call(this, sql)
    passed('commit')
    exec.call(this, sql)
    passed('committed')
  }
  const { run } = StatementSync.prototype
  StatementSync.prototype.run = function (...values) {
    const result = run.apply(this, values)
    passed('write')
    return result
  }
  const { emit } = Worker.prototype
  Worker.prototype.emit = function (event, ...args) {
    if (event === 'message') passed('message')
    return emit.call(this, event, ...args)
  }
}
