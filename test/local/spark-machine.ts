import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PYSPARK } from '../../shared/local/spark.ts'
import { pythonPackage } from '../aws/python.ts'

/** A Python that has PySpark, as PyPI has it. */
export const sparkPython = () => join(pythonPackage(PYSPARK), 'python')

/** For virtual machines that live for seconds: to compile thoroughly is most of what they would do. */
export const shortLived = { JDK_JAVA_OPTIONS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' }

/**
 * One virtual machine of Spark's for many jobs, as PySpark finds it by its environment: each job is still a process of its own, with a
 * Spark session of its own, but finds all classes loaded: that is most of a small job’s time.
 */
export async function openSparkMachine(): Promise<{ environment: Record<string, string>; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'spark-machine-'))
  const told = join(folder, 'gateway')
  const args = ['--master', 'local[*]', '--conf', 'spark.ui.enabled=false', 'pyspark-shell']
  const env = { ...process.env, ...shortLived, PYSPARK_PYTHON: sparkPython(), _PYSPARK_DRIVER_CONN_INFO_PATH: told }
  // It ends when its input does, so also with this process.
  const machine = spawn(join(pythonPackage(PYSPARK), 'spark-submit'), args, { env, stdio: ['pipe', 'ignore', 'ignore'] })
  const ended = new Promise(resolve => machine.once('close', resolve))
  while (!existsSync(told)) {
    if (machine.exitCode !== null) throw new Error(`Spark’s machine ended with ${machine.exitCode}`)
    await sleep(50)
  }
  // A port and the length of a secret, four bytes each, and the secret.
  const gateway = readFileSync(told)
  return {
    environment: { PYSPARK_GATEWAY_PORT: String(gateway.readInt32BE(0)), PYSPARK_GATEWAY_SECRET: gateway.subarray(8).toString() },
    async close() {
      machine.stdin.end()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}
