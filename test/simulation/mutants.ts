/** A deliberate bug: a text of a source file, found exactly once, and what stands there instead. */
export interface Mutant {
  name: string
  file: string
  find: string
  replace: string
}

const mutant = (name: string, file: string, find: string, replace: string): Mutant => ({ name, file: `shared/${file}.ts`, find, replace })

/** What the simulation must find. Each breaks one promise of the design; none changes what cannot be seen from outside. */
export const mutants: Mutant[] = [
  // Attempts, generations, fences.
  mutant(
    'a finisher is accepted whatever its attempt',
    'core/attempt',
    '  if (!isOwn(doc, by)) return undefined\n  const { lease, deadline, permits',
    "  if (doc.state !== 'running') return undefined\n  const { lease, deadline, permits",
  ),
  mutant(
    'a lease may be renewed by whoever comes',
    'core/attempt',
    '  if (!isOwn(doc, by)) return undefined\n  return { ...doc, lease',
    "  if (doc.state === undefined) return undefined\n  return { ...doc, state: 'running', lease",
  ),
  mutant(
    'a worker counts as lost while its lease lasts',
    'core/attempt',
    'doc.lease !== undefined && now >= doc.lease)',
    'doc.lease !== undefined && now >= doc.lease - LEASE_MS + 1000)',
  ),
  mutant(
    'two workers do the work of one attempt',
    'core/attempt',
    'return doc.begunAt === undefined ? renew({ ...doc, begunAt: now }, by, now) : undefined',
    'return renew({ ...doc, begunAt: now }, by, now)',
  ),
  mutant(
    'who is refused for another taker does not hear of it',
    'core/limit',
    'return { ...enqueue(doc, candidate, now, false), granted: false, owned, taken: true }',
    'return { doc, granted: false, owned, handed: [], changed: false }',
  ),
  mutant('one transient attempt too many', 'core/retry', 'count >= retry.attempts', 'count > retry.attempts'),
  mutant('one timeout too many', 'core/retry', 'count < retry.timeouts', 'count <= retry.timeouts'),
  mutant('one loss too few', 'core/retry', 'count < retry.losses', 'count < retry.losses - 1'),
  mutant('the backoff grows a step early', 'core/retry', '** (count - 1)', '** count'),
  mutant('a retry does not wait until it is due', 'core/follow', '(doc.due ?? 0) > view.now', 'false'),
  mutant('a version does not raise its number', 'core/attempt', '(before?.number ?? 0) + 1', '(before?.number ?? 1)'),
  mutant(
    'a compare-and-swap is written whoever else has written',
    'engine/swap',
    'if (await world.ledger.put(key, next, rev)) return',
    'await world.ledger.put(key, next, rev)\n    return',
  ),
  mutant(
    'the work is begun before the claim is written',
    'engine/consider',
    "  if (!(await write(world, key, doc, rev, places))) return 'again'\n  for",
    '  await world.workers.start({ task: place.contract.task, ...doc })\n' +
      "  if (!(await write(world, key, doc, rev, places))) return 'again'\n  world = { ...world, workers: { ...world.workers, start: async () => {} } }\n  for",
  ),
  mutant(
    'a claim is written over what came meanwhile',
    'engine/consider',
    "if (!(await write(world, key, doc, rev, places))) return 'again'",
    "if (!(await write(world, key, doc, (await world.ledger.get(key))?.rev ?? 0, places))) return 'again'",
  ),
  mutant(
    'a lost race is not looked at again',
    'engine/consider',
    "return (await write(world, key, arrived, stored?.rev ?? 0, places)) ? 'kept' : 'again'",
    "return (await write(world, key, arrived, stored?.rev ?? 0, places)) ? 'kept' : 'kept'",
  ),
  mutant(
    'an arrival is written over what came meanwhile',
    'engine/consider',
    "return (await write(world, key, arrived, stored?.rev ?? 0, places)) ? 'kept' : 'again'",
    "return (await write(world, key, arrived, (await world.ledger.get(key))?.rev ?? 0, places)) ? 'kept' : 'again'",
  ),
  // Readiness and consistency.
  mutant('a run starts on a mixture', 'core/readiness', 'ready: ready && stale.length === 0', 'ready'),
  mutant(
    'an input too few is enough',
    'core/readiness',
    '>= Math.min(input.wait.atLeast, count)',
    '>= Math.min(input.wait.atLeast, count) - 1',
  ),
  mutant(
    'at least n waits for one more',
    'core/readiness',
    '>= Math.min(input.wait.atLeast, count)',
    '>= Math.min(input.wait.atLeast + 1, count)',
  ),
  mutant(
    'an optional input is waited for a day less',
    'core/readiness',
    'timeOfDay(output.timezone, lastDay + 1,',
    'timeOfDay(output.timezone, lastDay,',
  ),
  mutant(
    'an optional input is waited for for ever',
    'core/readiness',
    'return optionalAt !== undefined && now >= optionalAt',
    'return false',
  ),
  mutant('ancestries are merged by the lowest number', 'core/ancestry', 'both, Math.max(n, number))', 'both, Math.min(n, number))'),
  mutant('behind by one is not behind', 'core/ancestry', 'all[i]![2] > number) return true', 'all[i]![2] > number + 1) return true'),
  mutant('keys are never behind', 'core/ancestry', 'merged[key]! > n)', 'merged[key]! > n + 9)'),
  mutant('second versions are not looked at', 'core/ancestry', "merged.includes(':')", "merged.includes(':3')"),
  mutant(
    'a version is no root of itself',
    'core/readiness',
    'views.push({ [f.input.dataset]: lineageOf(place, p.version.as) }, p.version.ancestry)',
    'views.push(p.version.ancestry, p.version.ancestry)',
  ),
  mutant('a quiet version counts as new', 'core/attempt', 'as: cause.quiet ? (before?.as ?? number) : number', 'as: number'),
  mutant('a quiet version wakes its readers', 'core/attempt', 'loud: cause.quiet ? (before?.loud ?? 0) : number', 'loud: number'),
  mutant('a quiet version makes the one before it new', 'core/run', 'return loudAt ?? at', 'return at'),
  mutant('what is skipped counts as there', 'engine/load', 'if (doc.skipped) return {', 'if (false) return {'),
  mutant('the latest is the oldest', 'engine/load', 'descending: true, limit', 'limit'),
  mutant('a wrong bit is cleared', 'core/bits', '& ~(1 << (index % perChar))', '& ~(1 << ((index + 1) % perChar))'),
  mutant(
    'the last arrival is not looked into',
    'core/arrive',
    "if (allowReady(place, bits, now)) return 'look'",
    'if (allowReady(place, bits, now)) return doc',
  ),
  // Calendar.
  mutant('trailing reaches one too far', 'core/mapping', 'step(input, ordinal, 1 - mapping.n)', 'step(input, ordinal, -mapping.n)'),
  mutant(
    'a trailing window concerns one too few',
    'core/mapping',
    'step(output, ordinal, mapping.n - 1)',
    'step(output, ordinal, mapping.n - 2)',
  ),
  mutant('an end counts as inside', 'core/mapping', 'to: ordinalAt(b, end - 1)', 'to: ordinalAt(b, end)'),
  mutant(
    'a day has 24 hours',
    'core/partition',
    'return startOf(p, ordinal + 1)',
    "return p.grain === 'daily' ? startOf(p, ordinal) + 86_400_000 : startOf(p, ordinal + 1)",
  ),
  mutant(
    'a skipped date counts as a step',
    'core/partition',
    "  if (p.grain !== 'daily' || p.timezone === 'UTC') return ordinal + steps\n",
    '  return ordinal + steps\n',
  ),
  mutant(
    'a night has 24 hours',
    'core/night',
    'Math.ceil(startOfDay(output.timezone, day + 1) / 3_600_000) - 1',
    'Math.ceil(startOfDay(output.timezone, day) / 3_600_000) + 23',
  ),
  mutant(
    'a time in a gap is an hour early',
    'core/zone',
    "return earlier.getTimeZoneTransition('next')!.epochMilliseconds",
    'return earlier.epochMilliseconds',
  ),
  mutant(
    'a night run begins before its partition has ended',
    'core/follow',
    'if (place.contract.onNight && isTimed(place.output) && now <',
    'if (place.contract.onNight && isTimed(place.output) && now < 0 &&',
  ),
  // Updates and causes.
  mutant(
    'an update by one is no update',
    'core/follow',
    'pinnedNumber(doc.pins!.inputs[i], ordinal) < number',
    'pinnedNumber(doc.pins!.inputs[i], ordinal) < number - 1',
  ),
  mutant(
    'what came while the run was at work is forgotten',
    'core/arrive',
    'return sameCause(doc.noted, noted) ? doc : { ...doc, noted }',
    'return doc',
  ),
  mutant('what was noted is told to nobody', 'engine/relay', 'if (is.noted && isOver(is))', 'if (is.noted && is.noted.night === "")'),
  mutant(
    'an old version starts a new task',
    'core/place',
    'version.loud > 0 && publishedLoudly(version) >= deployedAt',
    'version.loud > 0',
  ),
  mutant(
    'a held run runs by itself',
    'core/follow',
    "if (hold && doc.state !== 'held')",
    "if (hold) return start(doc, place, view)\n  if (hold && doc.state !== 'held')",
  ),
  mutant(
    'a cancelled run starts again with its inputs',
    'core/follow',
    "if (doc?.state === 'running' || (doc?.state === 'cancelled' && !view.calledFor)) return { next: 'keep' }",
    "if (doc?.state === 'running') return { next: 'keep' }",
  ),
  mutant(
    'a night told again starts what was cancelled',
    'engine/consider',
    'if (reason.night !== undefined && doc?.state !== undefined) {',
    'if (reason.night !== undefined && doc?.state !== undefined && doc.generation < 0) {',
  ),
  mutant('quiet wins over loud', 'core/run', '...(a.quiet && b.quiet && { quiet: true })', '...((a.quiet || b.quiet) && { quiet: true })'),
  mutant('why a run waits is not kept up', 'core/follow', '(a.stale ?? []).join() === (b.stale ?? []).join()', 'true'),
  // Pause, limits, requests.
  mutant('a pause is not asked for', 'engine/consider', 'claims && !awaits && (await isPaused(world, place.contract.task))', 'false'),
  mutant('the pause of everything is not asked for', 'engine/consider', "[pauseKey('all'), pauseKey(task)]", '[pauseKey(task)]'),
  mutant(
    'a resume wakes nobody',
    'engine/relay',
    "if (key.pk === 'pause') return resumed(world, await world.graph(), (after as PauseDoc).task)",
    "if (key.pk === 'pause') return []",
  ),
  mutant('a full limit has a place', 'core/limit', 'doc.limit - others.length > ahead', 'doc.limit - others.length >= ahead'),
  mutant('a limit is not asked', 'engine/permits', 'if (refusal) return refusal', ''),
  mutant('another taker begins on a place', 'core/limit', 'if (owned) return', 'if (mine) return'),
  mutant('a place is freed by whoever says so', 'core/limit', ': h.generation === run.generation && h.attempt === run.attempt)', ': true)'),
  mutant('a place is never freed', 'engine/relay', 'if (was?.permits && !is.permits)', 'if (was?.permits && is.permits)'),
  mutant(
    'a freed place is handed to nobody',
    'core/limit',
    'const { doc: next, handed, changed } = handOn({ ...doc, holders }, now)',
    'const { doc: next, handed, changed } = { doc: { ...doc, holders }, handed: [], changed: false }',
  ),
  mutant(
    'a request forgets where it was',
    'engine/requests',
    'let { marked, selected } = request',
    'let { marked, selected } = { ...request, marked: request.marked + 1 }',
  ),
  mutant('who is requested does not wait for the latest', 'engine/load', 'awaited: docs.some(isRequested)', 'awaited: false'),
  mutant('who is named does not wait for the others', 'engine/consider', "those(doc?.named).filter(r => r.phase !== 'ended')", '[]'),
  mutant(
    'who is named hears nothing of what is made for it',
    'core/follow',
    'return loud || (isFor(version, doc.named) && isNew(version.number, version.at)) ?',
    'return loud ?',
  ),
  mutant(
    'who is named hears of what is made for others',
    'core/arrive',
    'named?.some(id => requests?.includes(id)) ?? false',
    'named !== undefined && requests !== undefined',
  ),
  mutant(
    'who is named makes nothing for who is named with it',
    'core/follow',
    '...named.filter(id => !left.includes(id))])]',
    '...named.filter(() => false)])]',
  ),
  // Effects, feed, sweep, keeping.
  mutant(
    'the feed is acknowledged before the events are out',
    'engine/relay',
    '  await world.bus.publish(events)\n  await feed.acknowledge(upTo)',
    '  await feed.acknowledge(upTo)\n  await world.bus.publish(events)',
  ),
  mutant(
    'a retry that is due is told to nobody',
    'engine/relay',
    'if (is.due <= world.clock.now()) events.push(due)\n    else await world.timers.set(is.due, due)',
    '',
  ),
  mutant(
    'a dead worker is not missed',
    'engine/sweep',
    'const error = d && silent(d, world.clock.now())',
    'const error = d && d.v > 1 ? silent(d, world.clock.now()) : undefined',
  ),
  mutant('every arrival reads all the inputs', 'core/readiness', '    }) < 0\n', '    }) < 9999\n'),
  mutant('what deliveries lost is not looked for', 'engine/sweep', '    () => catchUp(world, graph, task, seen),\n', ''),
  mutant(
    'a first latest wakes nobody',
    'engine/decide',
    "if (mappings.some(m => m.map === 'latest')) await newLatest(world, graph, task, ready.dataset, at)",
    '',
  ),
  mutant('the next partition is not looked at when it begins', 'engine/consider', '  await nextPartition(world, place, facts)\n', ''),
  mutant('a delivery told twice is two versions', 'engine/deliveries', '[...(doc?.deliveries ?? []), id]', '[...(doc?.deliveries ?? [])]'),
  mutant('an operator’s word told again is heeded again', 'core/run', 'if (doc.heard?.includes(eventId)) return undefined', ''),
  mutant(
    'a Spark job that nobody speaks of is not asked after',
    'engine/sweep',
    '  if (job !== undefined) await heedJob(world, job)\n',
    '',
  ),
  mutant(
    'a Spark job’s status is believed',
    'engine/job',
    '  if (made) return',
    "  if (state === 'succeeded') return { ok: true, rows: 1, bytes: 4, schemaHash: '' }\n  if (made) return",
  ),
  mutant(
    'a second job’s end is the attempt’s',
    'core/attempt',
    '  if (by.job !== undefined && doc.job !== undefined && doc.job !== by.job) return undefined\n',
    '',
  ),
  mutant(
    'what is current is not kept',
    'engine/collector',
    'const keys = folder.keys.filter(key => !needed.has(key))',
    'const keys = folder.keys',
  ),
  mutant(
    'a field of the next version is dropped',
    'core/attempt',
    '  return { ...base, generation, attempt: 1, ...publish',
    '  return { v: 1, dataset, partition, generation, attempt: 1, ...publish',
  ),
]
