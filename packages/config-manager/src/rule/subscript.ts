import { RuleFailure } from './failure.ts'
import { Dictionary, type Operand, Sequence, toIndex, typeOf } from './operand.ts'

/**
 * Python's `operand[at]`: a member by its place, counted from the end where negative, or a dictionary's value by its
 * key.
 */
export function elementOf(operand: Operand, at: Operand): Operand {
  if (operand instanceof Dictionary) {
    const value = operand.get(at)
    if (value === undefined) throw new RuleFailure('key', 'the dictionary has no such key')
    return value
  }
  const members = ordered(operand)
  const index = toIndex(at)
  const member = members[index < 0 ? index + members.length : index]
  if (member === undefined) throw new RuleFailure('key', `there is no member ${index}`)
  return member
}

/** Python's `operand[from:to:step]`. */
export function sliceOf(operand: Operand, bounds: readonly (Operand | undefined)[]): Operand {
  const members = ordered(operand)
  const [from, to, by] = bounds.map((bound) => (bound === undefined || bound === null ? undefined : toIndex(bound)))
  const step = by ?? 1
  if (step === 0) throw new RuleFailure('range', 'the step of a slice cannot be zero')
  const length = members.length
  const clip = (index: number) => {
    const counted = index < 0 ? index + length : index
    return step > 0 ? Math.min(Math.max(counted, 0), length) : Math.min(Math.max(counted, -1), length - 1)
  }
  const start = from === undefined ? (step > 0 ? 0 : length - 1) : clip(from)
  const end = to === undefined ? (step > 0 ? length : -1) : clip(to)
  const picked: Operand[] = []
  for (let index = start; step > 0 ? index < end : index > end; index += step) picked.push(members[index] as Operand)
  return typeof operand === 'string' ? picked.join('') : new Sequence((operand as Sequence).kind, picked)
}

function ordered(operand: Operand): readonly Operand[] {
  if (typeof operand === 'string') return [...operand]
  if (operand instanceof Sequence && operand.kind !== 'set') return operand.members
  throw new RuleFailure('type', `a ${typeOf(operand)} has no places to pick from`)
}
