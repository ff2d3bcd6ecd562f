import type { Environment } from '@marcbachmann/cel-js'
import { LinearPatterns } from './linear-pattern.ts'

/** What a run may spend. One step is one node of the expression, or what takes about as long: some 0.5 µs. */
export interface Meter {
  left: number
}

/** A node of an expression's tree, as cel-js 8.0.0 makes it; `handle` is there once the node has been checked. */
interface Node {
  readonly op: string
  readonly args: unknown
  handle?: (...args: unknown[]) => unknown
  evaluate: (evaluator: Evaluator, node: Node, context: unknown) => unknown
}

/** What evaluates nodes: every child of a node goes through one of these two. */
interface Evaluator {
  run(node: Node, context: unknown): unknown
  tryEval(node: Node, context: unknown): unknown
}

/** Thrown when a run has spent its steps; one object, so that throwing it often costs nothing. */
export const exhausted: Error = new Error('it takes too many steps')

/** An expression that counts its steps. Throws {@link exhausted}, and what CEL makes of the context. */
export type Metered = (context: object, meter: Meter) => unknown

/**
 * Makes a CEL environment count what its expressions spend, and gives the function that reads expressions for it.
 *
 * cel-js has no budget of its own, so this takes the place of its evaluator's two doors (`run`, `tryEval`) and stands
 * in front of each operator and function with the values that it is about to work on. These are internals: the version
 * of cel-js is pinned, and tests show that nothing gets past.
 */
export function meteredCel(environment: Environment): (expression: string) => Metered {
  const evaluator = evaluatorOf(environment)
  const guarded = new WeakSet<Node>()
  const patterns = new LinearPatterns()
  let meter: Meter = { left: 0 }
  let errorSteps = 0

  const spend = (steps: number) => {
    meter.left -= steps
    if (meter.left < 0) throw exhausted
  }
  const visit = (node: Node) => {
    spend(1)
    if (guarded.has(node) || !node.handle) return
    guarded.add(node)
    guard(node, patterns, spend)
  }
  evaluator.run = (node, context) => {
    visit(node)
    return node.evaluate(evaluator, node, context)
  }
  evaluator.tryEval = (node, context) => {
    try {
      return evaluator.run(node, context)
    } catch (thrown) {
      // Throws again where nothing is left: a clause that is out of steps cannot go on.
      spend(errorSteps)
      return thrown
    }
  }

  return (expression) => {
    const parsed = environment.parse(expression)
    // The root is the one node that does not go through `run`; cel-js replaces its `evaluate` from within, at the first
    // run.
    const root = parsed.ast as unknown as Node
    let evaluate = root.evaluate
    let isInside = false
    const counted: Node['evaluate'] = (own, node, context) => {
      visit(node)
      isInside = true
      try {
        return evaluate.call(root, own, node, context)
      } finally {
        isInside = false
      }
    }
    Object.defineProperty(root, 'evaluate', {
      get: () => (isInside ? evaluate : counted),
      set: (next: Node['evaluate']) => {
        evaluate = next
      },
    })
    return (context, own) => {
      meter = own
      errorSteps = leastErrorSteps + expression.length / 20
      return parsed(context as Record<string, unknown>)
    }
  }
}

/** The evaluator is private; a root node is given it. */
function evaluatorOf(environment: Environment): Evaluator {
  const probe = environment.parse('true')
  let found: Evaluator | undefined
  ;(probe.ast as unknown as Node).evaluate = (evaluator) => {
    found = evaluator
  }
  probe()
  return found as Evaluator
}

type Spend = (steps: number) => void

/** Puts the price of an operator or function in front of it. */
function guard(node: Node, patterns: LinearPatterns, spend: Spend): void {
  const handle = node.handle as NonNullable<Node['handle']>
  if (node.op === 'call' || node.op === 'rcall') {
    const name = (node.args as [string])[0]
    node.handle = (...all) => {
      const values = all[0] as unknown[]
      spend(callSteps)
      for (const value of values) weigh(value, spend)
      spend(priceOf(name, values))
      if (name === 'matches' && typeof values[0] === 'string' && typeof values[1] === 'string') {
        return patterns.matches(values[0], values[1], spend)
      }
      return handle(...all)
    }
  } else if (node.op === 'comprehension') {
    node.handle = (...all) => {
      // A map's keys are copied before the first is looked at.
      spend(sizeOf(all[0]) * perItem)
      return handle(...all)
    }
  } else if (readsWhole.has(node.op)) {
    node.handle = (...all) => {
      weigh(all[0], spend)
      // A key is looked up in a map; in a list it is searched for.
      if (node.op !== 'in' || Array.isArray(all[1])) weigh(all[1], spend)
      return handle(...all)
    }
  }
}

const readsWhole: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', '+', 'in'])
const callSteps = 2
/** An error has its place in the expression written out, which takes longer the longer that is. */
const leastErrorSteps = 50
const perCharacter = 1 / 64
const perItem = 1 / 4
const perEntry = 1 / 4
/** A time in a named zone is formatted and read again. */
const timeZoneSteps = 2_000
const searches: ReadonlySet<string> = new Set(['contains', 'indexOf', 'lastIndexOf', 'split'])

/** What a function takes beyond going through its arguments once. */
function priceOf(name: string, [receiver, argument]: readonly unknown[]): number {
  const isText = typeof argument === 'string'
  // In the worst case JavaScript compares the whole pattern at each place of the text.
  if (searches.has(name) && isText) return (lengthOf(receiver) * argument.length) / 2048
  // The expression by which cel-js reads durations goes back and forth: cubic in digits without a unit.
  if (name === 'duration') return lengthOf(receiver) ** 3 / 1024
  return name.startsWith('get') && isText ? timeZoneSteps : 0
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length : 0
}

function sizeOf(value: unknown): number {
  if (value instanceof Map) return value.size
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value).length : 0
}

/**
 * Pays for going through a value to its end. Spends as it goes, so a list that holds itself many times over ends too.
 */
function weigh(value: unknown, spend: Spend): void {
  if (typeof value === 'string' || value instanceof Uint8Array) spend(value.length * perCharacter)
  else if (typeof value !== 'object' || value === null) return
  else if (Array.isArray(value)) {
    spend(value.length * perItem)
    for (const item of value) weigh(item, spend)
  } else if (value instanceof Map) {
    spend(value.size * perEntry)
    for (const [key, item] of value) {
      weigh(key, spend)
      weigh(item, spend)
    }
  } else if (Object.getPrototypeOf(value) === Object.prototype) {
    for (const [key, item] of Object.entries(value)) {
      spend(perEntry + key.length * perCharacter)
      weigh(item, spend)
    }
  }
}
