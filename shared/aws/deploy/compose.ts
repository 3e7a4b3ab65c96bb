import { stringify } from 'yaml'
import type { Project } from '../../task/project.ts'

/** The platform's name in the compose file. */
const PLATFORM = 'platform'

/** services/serverless-compose.yml: the platform first, and of the services each after those whose datasets it takes. */
export function composeFile(project: Project): string {
  const services: Record<string, { path: string; dependsOn?: string[] }> = { [PLATFORM]: { path: '..' } }
  for (const { name, task } of project.services) {
    const makers = Object.values(task.inputs).flatMap(i => project.graph.producerOf(i.dataset.name)?.task ?? [])
    const others = [...new Set(makers)].filter(maker => maker !== name).sort()
    services[name] = { path: `./${name}`, dependsOn: [PLATFORM, ...others] }
  }
  return `# Deploys a whole stage: (cd services && npx sls deploy --stage dev). Made by docs/generate.ts.\n${stringify({ services })}`
}
