import { contractError } from './contract-errors.ts'

/**
 * What no token may hold: white space, control and format characters, and halves of surrogate pairs (no UTF-8 form).
 */
const unprintable = /[\s\p{Cc}\p{Cf}\p{Cs}]/u

const dot = 46
const star = 42
const rest = 62

/**
 * Rejects what is not a subject to send on: dot-separated tokens of visible characters, without `*` and `>`.
 *
 * Not for what one subscribes to: that is {@link validatePattern}. Throws `BP_SUBJECT_INVALID`.
 */
export function validateSubject(subject: string): void {
  const reason = subjectFault(subject)
  if (reason !== undefined) throw contractError('BP_SUBJECT_INVALID', { details: { subject, kind: 'subject', reason } })
}

/**
 * Rejects what is not a subscription's pattern: a subject in which a whole token may be `*`, and the last one `>`.
 *
 * Throws `BP_SUBJECT_INVALID`.
 */
export function validatePattern(pattern: string): void {
  const reason = patternFault(pattern)
  if (reason !== undefined)
    throw contractError('BP_SUBJECT_INVALID', { details: { subject: pattern, kind: 'pattern', reason } })
}

/**
 * Says whether a pattern takes in a subject: `*` stands for exactly one token, a last `>` for one or more.
 *
 * Both must be valid already: for others the answer means nothing. Allocates nothing.
 */
export function matchSubject(pattern: string, subject: string): boolean {
  let p = 0
  let s = 0
  while (p < pattern.length) {
    const wanted = pattern.charCodeAt(p)
    if (wanted === rest) return s < subject.length
    if (wanted === star) {
      if (s >= subject.length) return false
      while (s < subject.length && subject.charCodeAt(s) !== dot) s++
      p++
    } else {
      if (wanted !== subject.charCodeAt(s)) return false
      p++
      s++
    }
  }
  return s === subject.length
}

function subjectFault(subject: string): string | undefined {
  const fault = tokenFault(subject)
  if (fault !== undefined) return fault
  for (let i = 0; i < subject.length; i++) {
    const code = subject.charCodeAt(i)
    if (code === star || code === rest) return '`*` and `>` are for subscriptions only'
  }
  return undefined
}

function patternFault(pattern: string): string | undefined {
  const fault = tokenFault(pattern)
  if (fault !== undefined) return fault
  for (let i = 0; i < pattern.length; i++) {
    const code = pattern.charCodeAt(i)
    if (code !== star && code !== rest) continue
    const alone =
      (i === 0 || pattern.charCodeAt(i - 1) === dot) && (i + 1 === pattern.length || pattern.charCodeAt(i + 1) === dot)
    if (!alone) return '`*` and `>` stand for whole tokens'
    if (code === rest && i + 1 !== pattern.length) return '`>` must be the last token'
  }
  return undefined
}

function tokenFault(text: string): string | undefined {
  if (typeof text !== 'string') return 'it is not a string'
  if (text === '') return 'it is empty'
  let start = 0
  let plain = true
  for (let i = 0; i <= text.length; i++) {
    const code = i === text.length ? dot : text.charCodeAt(i)
    if (code === dot) {
      if (i === start) return 'it has an empty token'
      start = i + 1
    } else if (code <= 32 || code >= 127) plain = false
  }
  return plain || !unprintable.test(text) ? undefined : 'it has white space or invisible characters'
}
