#!/usr/bin/env node
// Plain JavaScript that imports nothing of Redeye: it is run by whichever Node is there, in a fresh clone before anything is installed.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { join } from 'node:path'

const command = join(import.meta.dirname, 'redeye.ts')
const newerNode = join(import.meta.dirname, '../node_modules/node/bin/node')
const isNewEnough = Number.parseInt(process.versions.node, 10) >= 24

if (!isInstalled()) refuse('what Redeye needs is not installed yet', 'run npm install')
else if (isNewEnough) await import('./redeye.ts')
else if (existsSync(newerNode)) runAgain()
else refuse(`Redeye needs Node 24, and this is ${process.versions.node}`, 'run npm install, which brings Node 24 along')

function isInstalled() {
  try {
    createRequire(import.meta.url).resolve('commander')
    return true
  } catch {
    return false
  }
}

/** Runs the command line again under the Node 24 that the package brings along. */
function runAgain() {
  const { status, signal } = spawnSync(newerNode, [command, ...process.argv.slice(2)], { stdio: 'inherit' })
  // As a shell reports a process that a signal ended.
  process.exitCode = signal ? 128 + constants.signals[signal] : (status ?? 1)
}

/** @param {string} message @param {string} remedy */
function refuse(message, remedy) {
  process.stderr.write(`${message}\n  → ${remedy} in ${join(import.meta.dirname, '..')}, and then npx redeye again\n`)
  process.exitCode = 2
}
