import { strip } from '../python/text.ts'
import { RuleFailure } from './failure.ts'
import { assertSize, Dictionary, isEqual, type Operand, Sequence, toIndex, toText, typeOf } from './operand.ts'

type Method<T> = (self: T, ...parameters: readonly Operand[]) => Operand

/** Calls a method of a value: those of Python's `str`, `dict`, `list` and `tuple` that change nothing. */
export function callMethod(operand: Operand, name: string, parameters: readonly Operand[]): Operand {
  const methods = typeof operand === 'string' ? ofText : operand instanceof Dictionary ? ofDictionary : ofSequence
  const method = (methods as ReadonlyMap<string, Method<Operand>>).get(name)
  const isMethodless = methods === ofSequence && !(operand instanceof Sequence && operand.kind !== 'set')
  if (!method || isMethodless) throw new RuleFailure('name', `a ${typeOf(operand)} has no method ${name}`)
  return method(operand, ...parameters)
}

const ofText: ReadonlyMap<string, Method<string>> = new Map<string, Method<string>>([
  ['startswith', (self, prefix, from) => anyOf(prefix, (text) => cut(self, from).startsWith(text))],
  ['endswith', (self, suffix, from) => anyOf(suffix, (text) => cut(self, from).endsWith(text))],
  ['lower', (self) => self.toLowerCase()],
  ['upper', (self) => self.toUpperCase()],
  ['capitalize', (self) => capitalized(self)],
  ['title', (self) => self.replace(/\p{L}+/gu, capitalized)],
  ['strip', (self, chars) => stripped(self, chars, true, true)],
  ['lstrip', (self, chars) => stripped(self, chars, true, false)],
  ['rstrip', (self, chars) => stripped(self, chars, false, true)],
  ['removeprefix', (self, text) => (self.startsWith(toText(text)) ? self.slice(toText(text).length) : self)],
  [
    'removesuffix',
    (self, text) => (self.endsWith(toText(text)) ? self.slice(0, self.length - toText(text).length) : self),
  ],
  ['split', (self, separator, limit) => new Sequence('list', split(self, separator, limit))],
  ['splitlines', (self) => new Sequence('list', self.replace(/(\r\n|\n|\r)$/, '').split(/\r\n|\n|\r/))],
  ['join', (self, parts) => joined(self, parts)],
  ['replace', (self, from, to, limit) => replaced(self, toText(from), toText(to), limit)],
  ['find', (self, text) => pointsBefore(self, self.indexOf(toText(text)))],
  ['rfind', (self, text) => pointsBefore(self, self.lastIndexOf(toText(text)))],
  ['index', (self, text) => found(pointsBefore(self, self.indexOf(toText(text))))],
  ['count', (self, text) => BigInt(occurrences(self, toText(text)))],
  ['isdigit', (self) => /^[\p{Nd}\u00b2\u00b3\u00b9\u2070-\u2089]+$/u.test(self)],
  ['isdecimal', (self) => /^\p{Nd}+$/u.test(self)],
  ['isnumeric', (self) => /^\p{N}+$/u.test(self)],
  ['isalpha', (self) => /^\p{L}+$/u.test(self)],
  ['isalnum', (self) => /^[\p{L}\p{N}]+$/u.test(self)],
  ['isspace', (self) => self !== '' && strip(self) === ''],
  ['isupper', (self) => self !== self.toLowerCase() && self === self.toUpperCase()],
  ['islower', (self) => self !== self.toUpperCase() && self === self.toLowerCase()],
])

const ofDictionary: ReadonlyMap<string, Method<Dictionary>> = new Map<string, Method<Dictionary>>([
  ['get', (self, key, otherwise = null) => firstKnown(self.get(given(key)), otherwise)],
  ['keys', (self) => new Sequence('list', self.keys)],
  ['values', (self) => new Sequence('list', self.values)],
  [
    'items',
    (self) =>
      new Sequence(
        'list',
        [...self.entries.values()].map((entry) => new Sequence('tuple', entry)),
      ),
  ],
])

const ofSequence: ReadonlyMap<string, Method<Sequence>> = new Map<string, Method<Sequence>>([
  ['count', (self, member) => BigInt(self.members.filter((other) => isEqual(other, given(member))).length)],
  ['index', (self, member) => found(BigInt(self.members.findIndex((other) => isEqual(other, given(member)))))],
])

function given(operand: Operand | undefined): Operand {
  if (operand === undefined) throw new RuleFailure('type', 'an argument is missing')
  return operand
}

function firstKnown(value: Operand | undefined, otherwise: Operand): Operand {
  return value === undefined ? otherwise : value
}

function found(index: bigint): bigint {
  if (index < 0n) throw new RuleFailure('range', 'it is not there')
  return index
}

/** `startswith` and `endswith` take one text or a tuple of them. */
function anyOf(texts: Operand | undefined, fits: (text: string) => boolean): boolean {
  if (texts instanceof Sequence && texts.kind === 'tuple') return texts.members.some((text) => fits(toText(text)))
  return fits(toText(texts))
}

function cut(self: string, from: Operand | undefined): string {
  return from === undefined ? self : [...self].slice(toIndex(from)).join('')
}

function capitalized(text: string): string {
  const [first = '', ...rest] = text
  return first.toUpperCase() + rest.join('').toLowerCase()
}

function stripped(self: string, chars: Operand | undefined, atStart: boolean, atEnd: boolean): string {
  const points = [...self]
  const wanted = chars === undefined || chars === null ? undefined : new Set(toText(chars))
  const goes = (char: string | undefined) => char !== undefined && (wanted ? wanted.has(char) : strip(char) === '')
  let start = 0
  let end = points.length
  while (atStart && start < end && goes(points[start])) start++
  while (atEnd && end > start && goes(points[end - 1])) end--
  return points.slice(start, end).join('')
}

function split(self: string, separator: Operand | undefined, limit: Operand | undefined): string[] {
  const isBlank = separator === undefined || separator === null
  const mark = isBlank ? undefined : toText(separator)
  if (mark === '') throw new RuleFailure('range', 'empty separator')
  const most = limit === undefined ? -1 : toIndex(limit)
  if (mark !== undefined) {
    const parts = self.split(mark)
    return most < 0 || parts.length <= most + 1 ? parts : [...parts.slice(0, most), parts.slice(most).join(mark)]
  }
  if (most >= 0) throw new RuleFailure('type', 'a limit needs a separator')
  return wordsOf(self)
}

function wordsOf(self: string): string[] {
  const words: string[] = []
  let word = ''
  for (const char of `${self} `) {
    if (strip(char) !== '') word += char
    else if (word !== '') {
      words.push(word)
      word = ''
    }
  }
  return words
}

function joined(self: string, parts: Operand | undefined): string {
  const texts =
    typeof parts === 'string' ? [...parts] : parts instanceof Sequence ? parts.members.map((part) => toText(part)) : []
  if (typeof parts !== 'string' && !(parts instanceof Sequence))
    throw new RuleFailure('type', 'there is nothing to join')
  assertSize(texts.reduce((sum, text) => sum + text.length + self.length, 0))
  return texts.join(self)
}

function replaced(self: string, from: string, to: string, limit: Operand | undefined): string {
  const most = limit === undefined ? -1 : toIndex(limit)
  const count = occurrences(self, from)
  assertSize(self.length + count * to.length)
  if (most < 0) return from === '' && self === '' ? to : withEdges(self, from, to)
  let left = most
  return withEdges(self, from, (match) => (left-- > 0 ? to : match))
}

/** Replacing an empty text puts the new one between all characters, and at both ends. */
function withEdges(self: string, from: string, to: string | ((match: string) => string)): string {
  const put = typeof to === 'string' ? () => to : to
  if (from !== '') return self.replaceAll(from, put)
  return [...self].map((char) => put('') + char).join('') + put('')
}

function occurrences(self: string, text: string): number {
  return text === '' ? [...self].length + 1 : self.split(text).length - 1
}

function pointsBefore(self: string, index: number): bigint {
  return index < 0 ? -1n : BigInt([...self.slice(0, index)].length)
}
