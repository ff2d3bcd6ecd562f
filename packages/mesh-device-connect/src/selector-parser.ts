import { coreError } from '@backplane/core'

/** One label that an entity must have, with any of these values; each may be a glob. */
export interface KeyFilter {
  readonly key: string
  readonly values: readonly string[]
}

/** What one entity must be: by name, and by each label. With neither, anything. */
export interface Filter {
  readonly name?: string
  readonly keys: readonly KeyFilter[]
}

/** A selector, read. Absent parts let everything pass; at most one of `fn` and `event` is there. */
export interface Selector {
  readonly device?: Filter
  readonly fn?: Filter
  readonly event?: Filter
}

const scopes = ['device', 'function', 'event'] as const
type Scope = (typeof scopes)[number]

/**
 * Reads Device Connect's selector language: `device(..)`, `function(..)`, `event(..)`, `device(..).function(..)`,
 * `device(..).event(..)`, with `key:value`, `key:[a,b]`, globs, a bare name or `*` inside, all of which must hold.
 *
 * The grammar, to the detail, is that of Python's `device_connect_edge.selector`.
 *
 * Throws `BP_INVALID_ARGUMENT`, with the position.
 */
export function parseSelector(text: string): Selector {
  if (typeof text !== 'string' || text.trim() === '') throw fault('it is empty', String(text), 0)
  const first = readScope(text, 0)
  const dot = skipSpace(text, first.end)
  if (dot >= text.length) return { [keyOf(first.scope)]: first.filter }
  if (text[dot] !== '.') throw fault(`'${text[dot]}' does not belong here`, text, dot)

  const second = readScope(text, dot + 1)
  const end = skipSpace(text, second.end)
  if (end < text.length) throw fault(`'${text.slice(end)}' does not belong here`, text, end)
  if (first.scope !== 'device') throw fault('only device(..) can be followed by another part', text, 0)
  if (second.scope === 'device') throw fault('device(..) must come first', text, dot + 1)
  return { device: first.filter, [keyOf(second.scope)]: second.filter }
}

function keyOf(scope: Scope): keyof Selector {
  return scope === 'function' ? 'fn' : scope
}

/** Reads one `scope(..)`. */
function readScope(text: string, from: number): { scope: Scope; filter: Filter; end: number } {
  const start = skipSpace(text, from)
  let end = start
  while (end < text.length && !'( \t'.includes(text[end] as string)) end++
  const name = text.slice(start, end)
  const scope = scopes.find((known) => known === name)
  if (!scope) throw fault(`'${name}' is not device, function or event`, text, start)
  const open = skipSpace(text, end)
  if (text[open] !== '(') throw fault(`'(' is missing after ${scope}`, text, open)
  const close = endOfBody(text, open + 1)
  return { scope, filter: readFilter(text, open + 1, close), end: close + 1 }
}

function endOfBody(text: string, from: number): number {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text[at] === '[') depth++
    else if (text[at] === ']') depth--
    else if (text[at] === ')' && depth === 0) return at
  }
  throw fault(depth > 0 ? "'[' is not closed" : "'(' is not closed", text, from - 1)
}

function readFilter(text: string, from: number, to: number): Filter {
  const body = text.slice(from, to).trim()
  if (body === '' || body === '*') return { keys: [] }
  let name: string | undefined
  const keys: KeyFilter[] = []
  for (const term of termsOf(text, from, to)) {
    const colon = colonOf(term.text)
    if (colon >= 0) keys.push(readKeyFilter(term.text, colon, text, term.at))
    else if (term.text === '*') continue
    else if (name === undefined) name = term.text
    else throw fault(`there are two names, '${name}' and '${term.text}'`, text, term.at)
  }
  return { keys, ...(name === undefined ? {} : { name }) }
}

/** The parts between commas that stand outside brackets. */
function termsOf(text: string, from: number, to: number): { text: string; at: number }[] {
  const terms: { text: string; at: number }[] = []
  let depth = 0
  let start = from
  for (let at = from; at <= to; at++) {
    if (at === to || (text[at] === ',' && depth === 0)) {
      const term = text.slice(start, at)
      const found = { text: term.trim(), at: start + term.length - term.trimStart().length }
      if (at === to && depth !== 0) throw fault("'[' is not closed", text, text.lastIndexOf('[', to))
      if (found.text === '') throw fault('there is nothing between two commas', text, found.at)
      terms.push(found)
      start = at + 1
    } else if (text[at] === '[') depth++
    else if (text[at] === ']' && --depth < 0) throw fault("']' closes nothing", text, at)
  }
  return terms
}

function colonOf(term: string): number {
  let depth = 0
  for (let at = 0; at < term.length; at++) {
    if (term[at] === '[') depth++
    else if (term[at] === ']') depth--
    else if (term[at] === ':' && depth === 0) return at
  }
  return -1
}

function readKeyFilter(term: string, colon: number, text: string, at: number): KeyFilter {
  const key = term.slice(0, colon).trim()
  if (!/^[A-Za-z0-9_.-]+$/.test(key)) {
    throw fault(`'${key}' is not a label key (letters, digits, '_', '-' and '.')`, text, at)
  }
  const value = term.slice(colon + 1).trim()
  const where = at + colon + 1
  if (value === '') throw fault("there is no value after ':'", text, where)
  if (!value.startsWith('[')) {
    if (/[[\]]/.test(value)) throw fault('a value holds no brackets', text, where)
    return { key, values: [value] }
  }
  if (!value.endsWith(']')) throw fault("'[' is not closed", text, where)
  const values = value
    .slice(1, -1)
    .split(',')
    .map((one) => one.trim())
  if (values.includes('')) throw fault('a list of values has an empty one', text, where)
  if (values.some((one) => /[[\]]/.test(one))) throw fault('brackets do not nest', text, where)
  return { key, values }
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text[at] as string)) at++
  return at
}

function fault(why: string, selector: string, position: number) {
  const what = 'The selector'
  const reason = `${why}, at position ${position} of ${JSON.stringify(selector)}`
  return coreError('BP_INVALID_ARGUMENT', {
    details: { what, reason, selector, position },
    next: 'Write it as device(key:value), function(name), event(name), device(..).function(..) or device(..).event(..).',
  })
}
