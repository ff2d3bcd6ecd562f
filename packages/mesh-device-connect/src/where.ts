import { createContext, Script } from 'node:vm'
import { coreError, messageOf, type Params } from '@backplane/core'
import { decodeJson, isObject } from './json.ts'

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

/** A predicate, read. Throws what CEL makes of the context: a missing key, types that do not go together, too long a run. */
export type Where = (context: WhereContext) => boolean

/**
 * How long an answer may take, in milliseconds; it holds within regular expressions as well. Upstream has 50, which a busy
 * machine may spend before it has begun.
 */
const limitMs = 100
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

/**
 * Reads a `where` clause: CEL over `identity`, `labels`, `status` and `bindings`, by which each device decides whether it
 * is meant. Rejects with `BP_INVALID_ARGUMENT`.
 *
 * What it answers is what cel-python 0.5 answers, by which Python devices decide. Where that fails on numbers of two
 * kinds (`1 < 1.5`) or on a comparison of unlike things (`status.battery != null`), CEL's own rules hold here.
 */
export async function compileWhere(expression: string): Promise<Where> {
  const { Environment } = await import('@marcbachmann/cel-js')
  const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false })
    .registerFunction('matches(dyn, dyn): bool', (text, pattern) => new RegExp(pattern).test(text))
    .registerOperator('double + int', (left, right) => left + Number(right))
    .registerOperator('double - int', (left, right) => left - Number(right))
    .registerOperator('double * int', (left, right) => left * Number(right))
  const run = withinLimit()
  let evaluate: (context: object) => unknown
  if (expression.length > longest) throw refused(expression, `it is longer than ${longest} characters`)
  try {
    evaluate = environment.parse(expression)
  } catch (cause) {
    throw refused(expression, messageOf(cause).split('\n')[0] as string, cause)
  }
  return ({ identity, labels, status, bindings }) => {
    const context = {
      identity: celMap(identity, absent.identity),
      labels: celMap(labels, []),
      status: celMap(status, absent.status),
      bindings,
    }
    return isTrue(run(() => evaluate(context)))
  }
}

/** Takes the `bindings` out of a broadcast so that numbers keep their kind: `1` is a whole number, `1.0` is none. */
export function readBindings(payload: Uint8Array): Bindings {
  const body = decodeJson(payload, keepKind)
  return new Map(isObject(body) && isObject(body.bindings) ? celEntries(body.bindings, (number) => number) : [])
}

/** A reviver's third argument has the number as it was written; TypeScript does not know of it yet. */
function keepKind(_key: string, value: unknown, ...[context]: unknown[]): unknown {
  const { source = '' } = (context ?? {}) as { source?: string }
  return typeof value === 'number' && /^-?\d+$/.test(source) ? BigInt(source) : value
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

function celEntries(values: object, ofNumber: (number: number) => unknown): [string, unknown][] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, celValue(value, ofNumber)])
}

function celValue(value: unknown, ofNumber: (number: number) => unknown): unknown {
  if (typeof value === 'number') return ofNumber(value)
  if (Array.isArray(value)) return value.map((item) => celValue(item, ofNumber))
  if (isObject(value) && !((value as unknown) instanceof Uint8Array)) return new Map(celEntries(value, ofNumber))
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

/**
 * Gives what runs a function for {@link limitMs} at most. A script's time limit is the only one that JavaScript has for
 * what does not wait, and it reaches into what the script calls.
 */
function withinLimit(): <T>(work: () => T) => T {
  const sandbox: { work?: () => unknown } = {}
  const context = createContext(sandbox)
  const script = new Script('work()')
  return <T>(work: () => T) => {
    sandbox.work = work
    return script.runInContext(context, { timeout: limitMs }) as T
  }
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
