import { Buffer } from 'node:buffer'
import { coreError, messageOf, type Params } from '@backplane/core'
import type { Environment } from '@marcbachmann/cel-js'
import { decodeJson, isObject } from './json.ts'
import { exhausted, type Meter, type Metered, meteredCel } from './metered-cel.ts'
import { invalid } from './subjects.ts'

/** What a predicate may speak of, in the words of Device Connect. */
interface WhereContext {
  readonly identity: Params
  readonly labels: Params
  readonly status: Params
  /** What the caller sent along. */
  readonly bindings: Bindings
}

/** Values for predicates, as they were written: Python tells `1` from `1.0`, so these do. */
export type Bindings = ReadonlyMap<string, unknown>

/**
 * A predicate, read. What it takes goes off `meter`, which is {@link whereSteps} where none is given. Throws what CEL
 * makes of the context: a missing key, types that do not go together; and when it takes more steps than there are.
 */
export type Where = (context: WhereContext, meter?: Meter) => boolean

/**
 * How many steps one answer may take: nodes of the predicate that are evaluated, and what takes as long as one.
 * Upstream has 50 ms, within which an answer is one on an idle machine and another on a busy one; steps are the same
 * everywhere. All of them take a few milliseconds.
 */
export const whereSteps = 10_000
/** What reading a character of a predicate takes, and putting together what it may speak of. */
const stepsPerCharacter = 1 / 2
const contextSteps = 20
/** A message is read a second time for its bindings: slowly, where its numbers must be seen as they were written. */
const stepsPerByte = 1 / 8
const stepsPerByteAsWritten = 1 / 2
/** Reading takes time in proportion to the text. */
const longest = 16_384
/** Upstream writes status and identity with all the keys of its models; `busy_score` is a float even when it is 0. */
const absent = {
  identity: [
    'device_type',
    'manufacturer',
    'model',
    'serial_number',
    'firmware_version',
    'arch',
    'description',
    'commissioning_comment',
  ],
  status: ['location', 'battery', 'error_state'],
}
const doubles: readonly string[] = ['busy_score']

/** What is read stays read, up to so many characters in all. */
const mostKept = 32_768
/** cel-js notes each new type of value, so an environment that many different values went through is let go of. */
const mostRuns = 1_000
const deepest = 32

/**
 * Reads a `where` clause: CEL over `identity`, `labels`, `status` and `bindings`, by which each device decides whether
 * it is meant. Rejects with `BP_INVALID_ARGUMENT`. Reading takes steps of `meter` as well.
 */
export function compileWhere(expression: string, meter?: Meter): Promise<Where> {
  return new WhereReader().read(expression, meter)
}

/**
 * Reads `where` clauses as {@link compileWhere}, and keeps those that were read last: reading them again takes nothing.
 *
 * What they answer is what cel-python 0.5 answers, by which Python devices decide. Where that fails on numbers of two
 * kinds (`1 < 1.5`) or on a comparison of unlike things (`status.battery != null`), CEL's own rules hold here. Patterns
 * are RE2's, as CEL says, and take time in proportion to the text.
 */
export class WhereReader {
  readonly #known = new Map<string, Where>()
  #parse: ((expression: string) => Metered) | undefined
  #kept = 0
  #runs = 0

  async read(expression: string, meter?: Meter): Promise<Where> {
    const known = this.#known.get(expression)
    if (known) return known
    if (expression.length > longest) throw refused(expression, `it is longer than ${longest} characters`)
    if (meter) meter.left -= expression.length * stepsPerCharacter
    if (meter && meter.left < 0) throw exhausted
    const parse = this.#parse ?? meteredCel(await environment())
    this.#parse = parse
    let evaluate: Metered
    try {
      evaluate = parse(expression)
    } catch (cause) {
      throw refused(expression, messageOf(cause).split('\n')[0] as string, cause)
    }
    const where: Where = ({ identity, labels, status, bindings }, own = { left: whereSteps }) => {
      this.#run()
      own.left -= contextSteps
      const context = {
        identity: celMap(identity, absent.identity),
        labels: celMap(labels, []),
        status: celMap(status, absent.status),
        bindings,
      }
      return isTrue(evaluate(context, own))
    }
    this.#keep(expression, where)
    return where
  }

  #keep(expression: string, where: Where): void {
    this.#known.set(expression, where)
    this.#kept += expression.length
    for (const oldest of this.#known.keys()) {
      if (this.#kept <= mostKept) return
      this.#known.delete(oldest)
      this.#kept -= oldest.length
    }
  }

  #run(): void {
    if (++this.#runs < mostRuns) return
    this.#runs = 0
    this.#kept = 0
    this.#known.clear()
    this.#parse = undefined
  }
}

/** Loaded with the first clause: most hosts never hear one. */
async function environment(): Promise<Environment> {
  const { Environment } = await import('@marcbachmann/cel-js')
  return new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    limits: { maxDepth: 100 },
  })
    .registerFunction('matches(dyn, dyn): bool', () => {
      throw invalid('matches', 'it takes two texts')
    })
    .registerOperator('double + int', (left, right) => left + Number(right))
    .registerOperator('double - int', (left, right) => left - Number(right))
    .registerOperator('double * int', (left, right) => left * Number(right))
}

/**
 * Takes the `bindings` out of a broadcast so that numbers keep their kind: `1` is a whole number, `1.0` is none.
 * Reading them takes steps of `meter`.
 */
export function readBindings(payload: Uint8Array, meter?: Meter): Bindings {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('latin1')
  // Where no number is written with a point, an exponent or very many digits, its value tells its kind.
  const asWritten = /\d(?:[.eE]|\d{15})/.test(text)
  if (meter) meter.left -= payload.length * (asWritten ? stepsPerByteAsWritten : stepsPerByte)
  if (meter && meter.left < 0) throw exhausted
  const body = decodeJson(payload, asWritten ? keepKind : undefined)
  const ofNumber = asWritten ? (number: number) => number : wholes
  return new Map(isObject(body) && isObject(body.bindings) ? celEntries(body.bindings, ofNumber) : [])
}

/** Numbers as they were written. */
function keepKind(_key: string, value: unknown, { source = '' }: { readonly source?: string } = {}): unknown {
  return typeof value === 'number' && /^-?\d{1,19}$/.test(source) ? BigInt(source) : value
}

function celMap(values: Params, nulls: readonly string[]): Map<string, unknown> {
  const known = new Map<string, unknown>(nulls.map((key) => [key, null]))
  for (const [key, value] of celEntries(values, wholes)) known.set(key, doubles.includes(key) ? values[key] : value)
  return known
}

/** Numbers without a fraction as CEL's whole numbers. */
function wholes(number: number): number | bigint {
  return Number.isSafeInteger(number) ? BigInt(number) : number
}

function celEntries(values: object, ofNumber: (number: number) => unknown, depth = 0): [string, unknown][] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, celValue(value, ofNumber, depth)])
}

function celValue(value: unknown, ofNumber: (number: number) => unknown, depth: number): unknown {
  if (typeof value === 'number') return ofNumber(value)
  if (depth > deepest) throw invalid('A value', `it is nested more than ${deepest} deep`)
  if (Array.isArray(value)) return value.map((item) => celValue(item, ofNumber, depth + 1))
  if (isObject(value) && !((value as unknown) instanceof Uint8Array)) {
    return new Map(celEntries(value, ofNumber, depth + 1))
  }
  return value
}

/** Python's idea of true, by which upstream takes what is no boolean. */
function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  if (value instanceof Map) return value.size > 0
  if (typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.keys(value).length > 0
  }
  return Boolean(value)
}

function refused(where: string, reason: string, cause?: unknown) {
  return coreError('BP_INVALID_ARGUMENT', {
    details: {
      what: 'The `where` clause',
      reason: `${reason}, in: ${where.slice(0, 200)}`,
      where: where.slice(0, 1_000),
    },
    next: 'Write it in CEL over identity, labels, status and bindings, for instance: status.battery > 50',
    cause,
  })
}
