import { isNumber } from '../equal.ts'
import type { Policy } from '../policy.ts'
import { parseJsonText } from '../python/json.ts'
import { className } from '../python/names.ts'
import { formatFloat, parseFloatText, parseInteger } from '../python/number.ts'
import { addressFamily } from './address.ts'
import { hasSchemeAndAuthority } from './url.ts'

/** What a type says to a value: it takes it, refuses it, or (upstream only) fails over it with an error of this class. */
export type Verdict = 'accepted' | 'refused' | { readonly fault: string; readonly says?: string }

type Acceptance = (value: unknown, policy: Policy) => Verdict

const verdict = (accepted: boolean): Verdict => (accepted ? 'accepted' : 'refused')
const notText = (fault: string, says: string): Verdict => ({ fault, says })

/** Numbers and booleans pass for numbers upstream, where `int(7.9)` and `float(True)` are fine; `None` and lists are not. */
function acceptNumber(value: unknown, kind: 'int' | 'float', readText: (text: string) => boolean): Verdict {
  if (typeof value === 'string') return verdict(readText(value))
  if (isNumber(value) || typeof value === 'boolean') return 'accepted'
  const takes = kind === 'int' ? 'a string, a bytes-like object or a real number' : 'a string or a real number'
  return notText('TypeError', `${kind}() argument must be ${takes}, not '${className(value)}'`)
}

const acceptInteger: Acceptance = (value, policy) =>
  acceptNumber(value, 'int', (text) =>
    policy.integerText === 'kept'
      ? parseInteger(text) !== undefined
      : /^[+-]?[0-9]+$/.test(text) && text.length <= 4300,
  )

const acceptFloat: Acceptance = (value, policy) =>
  acceptNumber(value, 'float', (text) => {
    const number = parseFloatText(text)
    return number !== undefined && (policy.nonFiniteFloats || Number.isFinite(number))
  })

const acceptBoolean: Acceptance = (value) =>
  typeof value === 'string'
    ? verdict(/^(?:true|false)$/.test(value.toLowerCase()))
    : notText('AttributeError', `'${className(value)}' object has no attribute 'lower'`)

/** Upstream reads a whole number as an address too: `5` is 0.0.0.5. */
const acceptAddress =
  (family: 4 | 6): Acceptance =>
  (value, policy) => {
    if (typeof value === 'string') {
      const found = addressFamily(value)
      return verdict(found !== undefined && (policy.addressFamilies === 'either' || found === family))
    }
    return verdict(
      typeof value === 'boolean' ||
        ((typeof value === 'bigint' || Number.isInteger(value)) && (value as number | bigint) >= 0),
    )
  }

const acceptJson: Acceptance = (value) => {
  if (typeof value === 'string') return verdict(parseJsonText(value) !== undefined)
  return verdict(typeof value === 'object' && value !== null && !Array.isArray(value))
}

const acceptText: Acceptance = (value) => verdict(typeof value === 'string')

const acceptances: ReadonlyMap<unknown, Acceptance> = new Map<unknown, Acceptance>([
  ['boolean', acceptBoolean],
  ['integer', acceptInteger],
  ['float', acceptFloat],
  ['JSON', acceptJson],
  ['IPv4', acceptAddress(4)],
  ['IPv6', acceptAddress(6)],
  ['URL', (value) => verdict(typeof value === 'string' && hasSchemeAndAuthority(value))],
  ['string', acceptText],
  ['northTask', acceptText],
])

/**
 * Judges a value by the item's type alone. Types that have no form of their own (password, script, lists, ...) take
 * anything here; other checks see to them.
 */
export function acceptType(type: unknown, value: unknown, policy: Policy): Verdict {
  return acceptances.get(type)?.(value, policy) ?? 'accepted'
}

/** Gives the form in which an accepted value is kept. */
export function canonical(type: unknown, value: unknown, policy: Policy): unknown {
  if (type === 'boolean' && typeof value === 'string') return value.toLowerCase()
  if (type === 'float') return formatFloat(floatOf(value))
  if (type === 'integer' && policy.integerText === 'canonical' && typeof value === 'string')
    return String(BigInt(value.replace(/^\+/, '')))
  return value
}

function floatOf(value: unknown): number {
  return typeof value === 'string' ? (parseFloatText(value) as number) : Number(value)
}
