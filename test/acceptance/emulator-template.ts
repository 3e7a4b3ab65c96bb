import { removeRefused, type Template } from './refused.ts'

interface Osls {
  service: { provider: { compiledCloudFormationTemplate: Template } }
}

/** A plugin of osls that only the acceptance run names: takes out of a template what the emulator refuses whole templates for. */
export default class EmulatorTemplate {
  readonly hooks: Record<string, () => void>

  constructor(osls: Osls) {
    this.hooks = {
      'after:aws:package:finalize:mergeCustomProviderResources': () => {
        const { provider } = osls.service
        provider.compiledCloudFormationTemplate = removeRefused(provider.compiledCloudFormationTemplate)
      },
    }
  }
}
