// Loaded before osls (`node --import`): what a plugin derives is changed for the emulator on its way into the configuration.
import { createRequire } from 'node:module'
import { emulated } from './emulated.ts'

const Serverless = createRequire(import.meta.url)('osls')
const { extendConfiguration } = Serverless.prototype
Serverless.prototype.extendConfiguration = function (path, value) {
  return extendConfiguration.call(this, path, path[0] === 'resources' ? emulated(value) : value)
}
