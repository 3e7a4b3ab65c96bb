import { nearest, RedeyeError } from '../../shared/core/errors.ts'
import { type Mapping, mappingFault } from '../../shared/core/mapping.ts'
import { type Partitioning, partitioningFault } from '../../shared/core/partition.ts'
import type { Dataset } from '../../shared/task/dataset.ts'
import { refuseFlagsOfCalendar, refuseFlagsOfNew, refuseFlagsOfOthers } from './ignored-flags.ts'
import { datasetName, snake, taskName } from './names.ts'
import { refuseReserved } from './reserved-names.ts'

export const kinds = ['ingest', 'transform', 'load'] as const
export type Kind = (typeof kinds)[number]
export const sources = ['sql', 'logs', 'json', 'xml'] as const
export const targets = ['warehouse', 'http', 'queue'] as const

/** What the command line may say; what it does not is asked, or has a default. */
export interface NewFlags {
  input?: string[]
  output?: string
  partition?: string
  from?: string
  timezone?: string
  source?: string
  target?: string
  description?: string
  owner?: string
}

/** A dataset that the project has, and what it is exported as from #datasets. */
export interface KnownDataset {
  dataset: Dataset
  exported: string
}

/** Everything about a service that is to be written. */
export interface Wish {
  kind: Kind
  name: string
  inputs: { known: KnownDataset; mapping: Mapping }[]
  /** The dataset to declare, or the one that is already there and that no task makes yet. */
  output: { name: string; partition: Partitioning; description: string; owner: string } | KnownDataset
  source: (typeof sources)[number]
  target: (typeof targets)[number]
}

/** Asks a person; undefined where none is there to ask. */
export type Ask = ((question: string, fallback: string) => Promise<string>) | undefined

/** Turns flags and answers into a wish; rejects with BAD_ARGUMENT naming what cannot be, or is missing. */
export async function wishFor(
  kind: Kind,
  name: string,
  flags: NewFlags,
  known: readonly KnownDataset[],
  taken: ReadonlySet<string>,
  ask: Ask,
): Promise<Wish> {
  const asked = async (flag: keyof NewFlags, given: string | undefined, question: string, fallback: string) =>
    given ?? (ask ? await ask(`${question} (--${flag})`, fallback) : fallback)
  taskName(name)
  refuseFlagsOfOthers(kind, flags)
  const inputs = kind === 'ingest' ? [] : await inputsOf(kind, flags, known, asked)
  const outputName = datasetName(await asked('output', flags.output, 'The dataset it makes', snake(name)))
  const existing = known.find(k => k.dataset.name === outputName)
  if (existing) {
    refuseTaken(existing, taken)
    refuseFlagsOfNew(outputName, flags)
  } else refuseReserved(outputName, new Set(known.map(k => k.exported)))
  const partition = existing?.dataset.partition ?? (await partitionOf(flags, inputs[0]?.dataset, asked))
  const source = oneOf(
    sources,
    kind === 'ingest' ? await asked('source', flags.source, `Where it comes from: ${sources.join(', ')}`, 'json') : 'json',
    'source',
  )
  const target = oneOf(
    targets,
    kind === 'load' ? await asked('target', flags.target, `Where it goes: ${targets.join(', ')}`, 'warehouse') : 'warehouse',
    'target',
  )
  const output = existing ?? {
    name: outputName,
    partition,
    description: await asked('description', flags.description, 'What a row of it is', 'Say what a row is'),
    owner: await asked('owner', flags.owner, 'Who is told when it fails', known[0]?.dataset.owner ?? 'you@example.com'),
  }
  return {
    kind,
    name,
    output,
    source,
    target,
    inputs: inputs.map(i => ({ known: i.known, mapping: mappingFor(i, partition, outputName) })),
  }
}

type Asked = (flag: keyof NewFlags, given: string | undefined, question: string, fallback: string) => Promise<string>
interface InputWish {
  known: KnownDataset
  dataset: Dataset
  said: Mapping | undefined
}

async function inputsOf(kind: Kind, flags: NewFlags, known: readonly KnownDataset[], asked: Asked): Promise<InputWish[]> {
  const names = known.map(k => k.dataset.name)
  const answer = await asked('input', flags.input?.join(','), `What it takes, of ${names.join(', ') || 'no dataset yet'}`, '')
  const words = answer.split(/[\s,]+/).filter(Boolean)
  if (words.length === 0)
    throw new RedeyeError('BAD_ARGUMENT', `a ${kind} takes ${kind === 'load' ? 'a dataset' : 'datasets'}, and none was named`, {
      remedy: names.length > 0 ? `name it with --input, like --input ${names[0]}` : 'begin with redeye new ingest NAME',
    })
  if (kind === 'load' && words.length > 1)
    throw new RedeyeError('BAD_ARGUMENT', `a load delivers one dataset, not ${words.length}`, { remedy: 'join them in a transform first' })
  return words.map(word => {
    const [name = '', how] = word.split(':')
    const found = known.find(k => k.dataset.name === name || k.exported === name)
    if (found) return { known: found, dataset: found.dataset, said: how === undefined ? undefined : mappingOf(how) }
    const near = nearest(name, names)
    throw new RedeyeError('UNKNOWN_NAME', `there is no dataset ${name}`, {
      remedy: near ? `did you mean ${near}?` : `there are ${names.join(', ')}`,
    })
  })
}

function mappingOf(text: string): Mapping {
  const [map, n] = text.split('=')
  if (n === undefined && (map === 'same' || map === 'overlapping' || map === 'all' || map === 'latest')) return { map }
  if (map === 'trailing' && /^\d+$/.test(n ?? '')) return { map, n: Number(n) }
  if (map === 'offset' && /^-?\d+$/.test(n ?? '')) return { map, k: Number(n) }
  throw new RedeyeError('BAD_ARGUMENT', `"${text}" is no mapping`, {
    remedy: 'write same, overlapping, all, latest, trailing=7 or offset=-1, like --input orders:trailing=7',
  })
}

/** The mapping that was said, if it can join; else the closest that can. */
function mappingFor({ dataset, said }: InputWish, output: Partitioning, outputName: string): Mapping {
  const joins = (mapping: Mapping) => mappingFault(mapping, dataset.partition, output, dataset.name === outputName)
  if (said) {
    const fault = joins(said)
    if (fault === undefined) return said
    throw new RedeyeError('BAD_MAPPING', `${outputName} ← ${dataset.name}: ${fault}`, { remedy: 'choose another mapping, or leave it out' })
  }
  const all: Mapping[] = output.grain === 'keys' || output.grain === 'unpartitioned' ? [{ map: 'all' }] : []
  const found = [{ map: 'same' } as const, { map: 'overlapping' } as const, ...all, { map: 'latest' } as const].find(
    m => joins(m) === undefined,
  )
  if (found) return found
  throw new RedeyeError('BAD_MAPPING', `${outputName} cannot take ${dataset.name}: it is what the task makes`, {
    remedy: `read what was made before: --input ${dataset.name}:offset=-1`,
  })
}

async function partitionOf(flags: NewFlags, first: Dataset | undefined, asked: Asked): Promise<Partitioning> {
  const inherited = first?.partition
  const grain = inherited?.grain === 'keys' ? `keys:${inherited.keys.join('+')}` : (inherited?.grain ?? 'daily')
  const answer = await asked(
    'partition',
    flags.partition,
    'How it is cut: hourly, daily, weekly, monthly, unpartitioned or keys:a+b',
    grain,
  )
  const partition = partitionFrom(answer, flags, inherited)
  const fault = partitioningFault(partition)
  if (fault) throw new RedeyeError('BAD_ARGUMENT', fault, { remedy: 'mend --partition, --from or --timezone' })
  return partition
}

function partitionFrom(answer: string, flags: NewFlags, inherited: Partitioning | undefined): Partitioning {
  if (answer === 'unpartitioned' || answer.startsWith('keys:')) refuseFlagsOfCalendar(answer, flags)
  if (answer === 'unpartitioned') return { grain: 'unpartitioned' }
  if (answer.startsWith('keys:')) return { grain: 'keys', keys: answer.slice('keys:'.length).split('+') }
  if (answer !== 'hourly' && answer !== 'daily' && answer !== 'weekly' && answer !== 'monthly') {
    const remedy = 'write hourly, daily, weekly, monthly, unpartitioned or keys:emea+apac'
    throw new RedeyeError('BAD_ARGUMENT', `"${answer}" is no partitioning`, { remedy })
  }
  const calendar = inherited && 'timezone' in inherited ? inherited : undefined
  return { grain: answer, from: flags.from ?? calendar?.from, timezone: flags.timezone ?? calendar?.timezone ?? 'UTC' }
}

function refuseTaken({ dataset }: KnownDataset, taken: ReadonlySet<string>) {
  if (dataset.outside || taken.has(dataset.name))
    throw new RedeyeError('BAD_ARGUMENT', `${dataset.name} is made ${dataset.outside ? 'outside' : 'by another task'} already`, {
      remedy: 'name another dataset with --output',
    })
}

function oneOf<T extends string>(accepted: readonly T[], given: string, flag: string): T {
  const found = accepted.find(a => a === given)
  if (found) return found
  const near = nearest(given, accepted)
  throw new RedeyeError('BAD_ARGUMENT', `there is no ${flag} "${given}"`, {
    remedy: near ? `did you mean ${near}?` : `choose ${accepted.join(', ')}`,
  })
}
