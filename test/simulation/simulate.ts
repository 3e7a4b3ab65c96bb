import { runCrashSweep } from './crash-sweep.ts'
import { explain } from './explain.ts'
import { FIRST_SEED, runMutants, runRecorded } from './hunt.ts'
import { Pool } from './pool.ts'

const usage = `npm run simulate -- OPTIONS, over all cores:
  --seeds N          plays N seeds; 2000 nights unless told
  --nights N         plays seeds until they have had so many nights
  --seed S           begins with that seed (by the clock unless told); alone, plays it and prints its trace, made small, when it fails
  --crashes          six small graphs, a crash at every single call of a port
  --pairs            and at every two of them
  --mutants [NAME]   plants each deliberate bug and counts the seeds until it is found
  --recorded         with --mutants: begins with the seeds of the table, and leaves the table as it is
  --json             one object`

interface Options {
  seeds?: number
  nights?: number
  seed?: number
  json: boolean
  mutants: boolean
  mutant?: string
  recorded: boolean
  crashes: boolean
  pairs: boolean
}

function parse(args: string[]): Options {
  const options: Options = { json: false, mutants: false, recorded: false, crashes: false, pairs: false }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!
    if (arg === '--json') options.json = true
    else if (arg === '--crashes' || arg === '--pairs' || arg === '--recorded') options[arg.slice(2) as 'crashes'] = true
    else if (arg === '--mutants') {
      options.mutants = true
      if (args[i + 1] && !args[i + 1]!.startsWith('--')) options.mutant = args[++i]!
    } else if (arg === '--seeds' || arg === '--nights' || arg === '--seed') {
      const value = Number(args[++i])
      if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${arg} takes a whole number, not "${args[i]}"`)
      options[arg.slice(2) as 'seed'] = value
    } else if (arg === '--help') {
      console.log(usage)
      process.exit(0)
    } else throw new Error(`"${arg}" is no option\n${usage}`)
  }
  return options
}

// A world that stands still breaks nothing. Sound ones start some three attempts a night, over a hundred seeds or more.
const LEAST_ATTEMPTS_A_NIGHT = 2
const ENOUGH_SEEDS = 100

const options = parse(process.argv.slice(2))
const seed = options.seed ?? Math.floor(Date.now() / 1000) * 1000
if (options.mutants && options.recorded) process.exitCode = (await runRecorded(options.mutant)) ? 0 : 1
else if (options.mutants) await runMutants(options.seed ?? FIRST_SEED, options.mutant, options.seeds)
else if (options.crashes || options.pairs) process.exitCode = (await runCrashSweep(options.pairs)) ? 0 : 1
else if (options.seed !== undefined && options.seeds === undefined && options.nights === undefined)
  process.exitCode = (await explain(seed)) ? 0 : 1
else process.exitCode = await simulate()

async function simulate(): Promise<number> {
  console.error(`seeds from ${seed}`)
  const began = performance.now()
  const failed: { seed: number; failure: string }[] = []
  const sum = { seeds: 0, nights: 0, attempts: 0, calls: 0 }
  let told = began
  const pool = new Pool()
  const seconds = () => (performance.now() - began) / 1000
  await pool.play(
    seed,
    played => {
      sum.seeds++
      sum.nights += played.nights
      sum.attempts += played.attempts
      sum.calls += played.calls
      if (played.failure) {
        failed.push({ seed: played.seed, failure: played.failure })
        console.error(`seed ${played.seed}: ${played.failure}\n  npm run simulate -- --seed ${played.seed}`)
      }
      if (performance.now() - told > 10_000) {
        told = performance.now()
        console.error(`${sum.seeds} seeds, ${sum.nights} nights, ${(sum.nights / seconds()).toFixed(0)} nights/s, ${failed.length} failed`)
      }
    },
    () =>
      sum.seeds < (options.seeds ?? Number.POSITIVE_INFINITY) &&
      sum.nights < (options.nights ?? (options.seeds === undefined ? 2000 : Number.POSITIVE_INFINITY)),
    options.seeds,
  )
  pool.stop()
  const result = {
    seed,
    ...sum,
    seconds: Math.round(seconds()),
    nightsPerSecond: Math.round(sum.nights / seconds()),
    workers: pool.size,
    failed,
  }
  if (options.json) console.log(JSON.stringify(result))
  else
    console.log(
      `${sum.seeds} seeds from ${seed}: ${sum.nights} nights, ${sum.attempts} attempts, ${sum.calls} calls in ${result.seconds} s: ${result.nightsPerSecond} nights/s over ${pool.size} cores; ${failed.length} failed`,
    )
  if (failed.length > 0 && !options.json) await explain(failed[0]!.seed)
  const stoodStill = sum.seeds >= ENOUGH_SEEDS && sum.attempts < LEAST_ATTEMPTS_A_NIGHT * sum.nights
  if (stoodStill) console.error(`the worlds stand still: ${sum.attempts} attempts in ${sum.nights} nights`)
  return failed.length > 0 || stoodStill ? 1 : 0
}
