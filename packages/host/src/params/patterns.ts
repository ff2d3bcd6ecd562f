import { messageOf } from '@backplane/core'
import type { RE2JS } from 're2js'
import type { Budget } from './budget.ts'
import { unusable } from './unusable.ts'

type Engine = typeof RE2JS

/** Largest program that a pattern may become: each character of a text may cost as many steps. */
const mostInstructions = 1000

/** Loads the engine for patterns without a {@link flatCost}; most schemas have none. */
export async function loadEngine(): Promise<Engine> {
  return (await import('re2js')).RE2JS
}

/** One part of a flat pattern: a character, a class or an escape, and how often it may come. */
const part =
  /(?:\\u[0-9a-fA-F]{4}|\\[dDwWsStnrfv^$\\.*+?()[\]{}|/-]|\[(?:[^\\\]]|\\.)*\]|[^\\[\](){}|^$*+?])(?:\{(\d{1,3})\}|([*+?]|\{\d+,\d*\})\??)?/uy

/**
 * What a pattern costs for each character of a text, in units, where V8's own engine is to match it; nothing where that
 * may take time without bound. It goes back and tries again, which is bounded for patterns that are anchored, have no
 * groups and no alternatives, and at most one part that may come more or less often: then it tries the rest once for
 * each character.
 */
export function flatCost(pattern: string): number | undefined {
  if (!pattern.startsWith('^')) return undefined
  const end = pattern.endsWith('$') && !pattern.endsWith('\\$') ? pattern.length - 1 : pattern.length
  let varying = 0
  let fixed = 0
  part.lastIndex = 1
  while (part.lastIndex < end) {
    const found = part.exec(pattern)
    if (!found || part.lastIndex > end) return undefined
    if (found[2]) varying++
    else fixed += Number(found[1] ?? 1)
  }
  return varying > 1 ? undefined : (1 + varying * fixed) / 16
}

/**
 * One pattern as the compiler of schemas takes it: what it tests costs the budget time that grows with the text alone.
 */
export function boundedPattern(pattern: string, budget: Budget, engine: Engine | undefined) {
  // Its own view of what is a pattern is that of JSON Schema: only how it is matched differs.
  const native = new RegExp(pattern, 'u')
  const flat = flatCost(pattern)
  const { cost, test } = flat === undefined ? linear() : { cost: flat, test: (text: string) => native.test(text) }
  return {
    test(text: string): boolean {
      budget.spend(1 + text.length * cost)
      return test(text)
    },
    toString: () => `${native}`,
  }

  function linear(): { readonly cost: number; test(text: string): boolean } {
    if (!engine) throw unusable(`Pattern '${pattern}' needs an engine.`)
    let compiled: RE2JS
    try {
      compiled = engine.compile(engine.translateRegExp(asRe2(pattern)))
    } catch (error) {
      throw unmatched(
        `${messageOf(error)}; look-around, back-references and repetitions over 1000 take time without bound`,
      )
    }
    const instructions = compiled.programSize()
    if (instructions > mostInstructions)
      throw unmatched(`it is too large (${instructions} of ${mostInstructions} steps)`)
    return { cost: 4 * instructions, test: (text) => compiled.test(text) }
  }

  function unmatched(reason: string) {
    return unusable(`pattern '${pattern}' cannot be matched in linear time: ${reason}`)
  }
}

const space = '\\t-\\r \\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}'
const noSpace =
  '\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}' +
  '\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}'

/** Says in RE2's words what they mean differently there: spaces, the dot, scripts. */
function asRe2(pattern: string): string {
  let inClass = false
  return pattern.replace(/\\[pP]\{[^}]*\}|\\.|[[\].]/gsu, (token) => {
    if (token === '[' || token === ']') {
      if (token === ']' || !inClass) inClass = token === '['
      else return '\\['
      return token
    }
    if (token === '.') return inClass ? token : '[^\\n\\r\\x{2028}\\x{2029}]'
    if (token === '\\s') return inClass ? space : `[${space}]`
    if (token === '\\S') return inClass ? noSpace : `[^${space}]`
    return token.replace(/^(\\[pP]\{)(?:Script|sc|Script_Extensions|scx|General_Category|gc)=/, '$1')
  })
}
