/**
 * What every benchmark stands on. A benchmark is `bench/NAME.bench.ts` and exports `rows`; `npm run bench -- NAME` runs
 * it.
 *
 *     import type { Row } from './harness.ts'
 *
 *     export const rows: Row[] = [
 *       {
 *         case: 'request/reply, 64 B',
 *         unit: 'us',                                  // time of one call: ns, us or ms
 *         bar: '<= 0.85 x peer',                       // what the project promises of this row; printed, never asserted
 *         ours: async () => {                          // set-up, outside the measurement
 *           const transport = await connect()
 *           return { run: () => transport.request('x', payload), [Symbol.asyncDispose]: () => transport.close() }
 *         },
 *         baseline: () => ({ run: () => bare() }),     // the same work without our layers
 *         peer: () => absent('no Go toolchain here'),  // or what others offer for it
 *       },
 *       { case: 'at 64 in flight', unit: 'calls/s', inFlight: 64, ours, baseline, peer },
 *       { case: 'import', unit: 'ms', once: true, ours: () => ({ run: () => measuredSomehow() }) },
 *     ]
 *
 * - A time unit measures one call after the other. A synchronous `run` is called without `await`; a call under about 2 us
 *   is timed in batches. `calls/s` keeps `inFlight` calls running. `once: true` takes what `run` returns as the figure,
 *   in any unit, once a round: for sizes, heap growth, start-up of child processes.
 * - Contenders are all set up first, warmed up, then take turns in slices: A B C, C B A, and so on (`rounds` of them), so a
 *   machine that slows down slows all of them. `ratio` is the median over rounds of ours / (peer, else baseline), with
 *   its spread. `--null` runs ours against itself: its ratio is the noise to read the others by.
 * - Every file has a process of its own, run on source, with `gc` exposed. Print nothing to stdout.
 */

/** One line of the table. */
export interface Row {
  /** What is done, in a few words; unique within the file. */
  readonly case: string
  /** `ns`, `us`, `ms` (time of a call, less is better), `calls/s` (more is better), or any unit with `once`. */
  readonly unit: string
  /** What the project promises of this row, in words. */
  readonly bar?: string
  readonly ours: Contender
  /** The same work without our layers. */
  readonly baseline?: Contender
  /** The same work by what others offer. */
  readonly peer?: Contender
  /** Calls kept running at once, for `calls/s`. @default 64 */
  readonly inFlight?: number
  /** Takes the number that `run` returns as the figure, once a round. @default false */
  readonly once?: boolean
  /** Turns that each contender takes; at least 5. @default 6 */
  readonly rounds?: number
  /** How long a turn lasts. @default 200 */
  readonly sliceMs?: number
}

/** Sets one contender up; gives `undefined`, or throws {@link absent}, when this machine cannot run it. */
export type Contender = () => Subject | Promise<Subject>

/** What is measured. */
export interface Subject extends Partial<AsyncDisposable> {
  run(): unknown
}

/** The figures of one contender. */
export interface Figures {
  readonly p50: number
  /** For `calls/s` and `once`: the worst round. */
  readonly p99: number
}

/** One measured row; `--json` prints it as one line with p50s in `ours`, `baseline` and `peer`. */
export interface Outcome {
  readonly bench: string
  readonly case: string
  readonly unit: string
  readonly bar?: string
  readonly ours: Figures
  readonly baseline: Figures | null
  readonly peer: Figures | null
  /** Ours / peer, else ours / baseline; `null` with neither. */
  readonly ratio: number | null
  /** The least and the greatest ratio of a round. */
  readonly spread: readonly [number, number] | null
  /** Why a contender is missing. */
  readonly notes: readonly string[]
}

const timeUnits: Readonly<Record<string, number>> = { ns: 1e6, us: 1e3, ms: 1 }
const roles = ['ours', 'baseline', 'peer'] as const
type Role = (typeof roles)[number]

class Absent extends Error {}

/** Says that a contender cannot run on this machine; its column stays empty and the reason is printed. */
export function absent(reason: string): never {
  throw new Absent(reason)
}

/** Measures one row. With `nullTest`, ours stands in for every contender. */
export async function measure(bench: string, row: Row, { nullTest = false } = {}): Promise<Outcome> {
  const notes: string[] = []
  const subjects: { role: Role; subject: Subject; rounds: number[][] }[] = []
  try {
    for (const role of roles) {
      const contender = nullTest ? row.ours : row[role]
      if (!contender) continue
      try {
        subjects.push({ role, subject: await contender(), rounds: [] })
      } catch (thrown) {
        if (!(thrown instanceof Absent) || role === 'ours') throw thrown
        notes.push(`${role}: ${thrown.message}`)
      }
    }
    const turn = await prepare(
      row,
      subjects.map(({ subject }) => subject),
    )
    for (let round = 0; round < Math.max(5, row.rounds ?? 6); round++) {
      const order = round % 2 === 0 ? subjects : subjects.toReversed()
      for (const entry of order) {
        globalThis.gc?.()
        entry.rounds.push(await turn(entry.subject))
      }
    }
  } finally {
    for (const { subject } of subjects.toReversed()) await subject[Symbol.asyncDispose]?.()
  }

  const more = row.unit.endsWith('/s')
  const of = (role: Role) => subjects.find((entry) => entry.role === role)
  const against = of('peer') ?? of('baseline')
  const ours = of('ours')!
  const ratios = against
    ? ours.rounds
        .map((samples, round) => quantile(samples, 0.5) / quantile(against.rounds[round]!, 0.5))
        .sort(ascending)
    : []
  const figures = (role: Role): Figures | null => {
    const samples = of(role)?.rounds.flat()
    return samples ? { p50: quantile(samples, 0.5), p99: quantile(samples, more ? 0.01 : 0.99) } : null
  }
  return {
    bench,
    case: row.case,
    unit: row.unit,
    ...(row.bar === undefined ? {} : { bar: row.bar }),
    ours: figures('ours')!,
    baseline: figures('baseline'),
    peer: figures('peer'),
    ratio: against ? quantile(ratios, 0.5) : null,
    spread: against ? [ratios[0]!, ratios.at(-1)!] : null,
    notes,
  }
}

type Turn = (subject: Subject) => Promise<number[]>

/** Warms every contender up and gives the function that takes one turn: its samples, in the row's unit. */
async function prepare(row: Row, subjects: readonly Subject[]): Promise<Turn> {
  const sliceMs = row.sliceMs ?? 200
  if (row.once) {
    return async (subject) => {
      const figure = await subject.run()
      if (typeof figure !== 'number') throw new Error(`${row.case}: \`once\` wants run() to return a number`)
      return [figure]
    }
  }
  if (row.unit === 'calls/s') {
    const turn: Turn = async (subject) => [await rate(subject, row.inFlight ?? 64, sliceMs)]
    for (const subject of subjects) await turn(subject)
    return turn
  }
  const scale = timeUnits[row.unit]
  if (scale === undefined) throw new Error(`${row.case}: unit '${row.unit}' needs \`once: true\``)

  const pending = new Map<Subject, boolean>()
  let fastestMs = Number.POSITIVE_INFINITY
  for (const subject of subjects) {
    const first = subject.run()
    pending.set(subject, isPromise(first))
    await first
    const warm = await latencies(subject, isPromise(first), 1, sliceMs, 1)
    fastestMs = Math.min(fastestMs, quantile(warm, 0.5))
  }
  const batch = fastestMs < 0.002 ? Math.ceil(0.05 / Math.max(fastestMs, 0.00001)) : 1
  return (subject) => latencies(subject, pending.get(subject)!, batch, sliceMs, scale)
}

let sink: unknown

async function latencies(subject: Subject, pending: boolean, batch: number, forMs: number, scale: number) {
  const samples: number[] = []
  const end = performance.now() + forMs
  let now = performance.now()
  while (now < end) {
    const began = performance.now()
    if (pending) for (let call = 0; call < batch; call++) await subject.run()
    else for (let call = 0; call < batch; call++) sink = subject.run()
    now = performance.now()
    samples.push(((now - began) / batch) * scale)
  }
  return samples
}

async function rate(subject: Subject, inFlight: number, forMs: number): Promise<number> {
  const began = performance.now()
  const end = began + forMs
  let calls = 0
  const lane = async () => {
    while (performance.now() < end) {
      await subject.run()
      calls++
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  return calls / ((performance.now() - began) / 1000)
}

function isPromise(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value
}

function ascending(a: number, b: number): number {
  return a - b
}

/** The value below which the share `at` of `samples` lies. */
export function quantile(samples: readonly number[], at: number): number {
  const sorted = samples.toSorted(ascending)
  const place = (sorted.length - 1) * at
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

/** Keeps the last result alive, so that a call is not optimised away. */
export function lastResult(): unknown {
  return sink
}
