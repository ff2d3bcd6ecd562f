import { equalityKey, isTextList, isTextObject, type TextValue } from './value.ts'

const maxDepth = 90

/** A tuple: a list in all that counts, but that Python does not call one. */
export class LiteralTuple extends Array<TextValue> {}

/** A set: its members, each once. */
export class LiteralSet extends Array<TextValue> {}

/** Python's literals, but for bytes and complex numbers. */
class LiteralText {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): TextValue {
    const value = this.#bare(this.#value(0))
    this.#space()
    if (this.#at < this.#text.length) throw new SyntaxError('more text than one literal')
    return value
  }

  /** A tuple needs no brackets where nothing stands around it. */
  #bare(first: TextValue): TextValue {
    if (this.#peek() !== ',') return first
    const members = LiteralTuple.of(first) as LiteralTuple
    while (this.#take(',') && this.#peek() !== undefined) members.push(this.#value(0))
    return members
  }

  #value(depth: number): TextValue {
    if (depth > maxDepth) throw new SyntaxError('nested too deeply')
    this.#space()
    const char = this.#text[this.#at]
    if (char === '{') return this.#braces(depth)
    if (char === '[') return this.#list(depth)
    if (char === '(') return this.#group(depth)
    return this.#strings() ?? this.#word()
  }

  #braces(depth: number): TextValue {
    this.#at++
    if (this.#take('}')) return new Map()
    const first = this.#value(depth + 1)
    if (this.#peek() !== ':') return this.#set(first, depth)
    const members = new Map<TextValue, TextValue>()
    for (let key = first; ; key = this.#value(depth + 1)) {
      if (!this.#take(':')) throw new SyntaxError('expected a colon')
      members.set(hashable(key), this.#value(depth + 1))
      const isMore = this.#take(',')
      if (this.#take('}')) return members
      if (!isMore) throw new SyntaxError('expected a comma')
    }
  }

  #set(first: TextValue, depth: number): TextValue {
    const kept = new Map<string, TextValue>([[equalityKey(hashable(first)), first]])
    for (const member of this.#rest('}', depth)) {
      const key = equalityKey(hashable(member))
      if (!kept.has(key)) kept.set(key, member)
    }
    return LiteralSet.from(kept.values()) as LiteralSet
  }

  #group(depth: number): TextValue {
    this.#at++
    if (this.#take(')')) return new LiteralTuple()
    const first = this.#value(depth + 1)
    if (this.#take(')')) return first
    return LiteralTuple.of(first, ...this.#rest(')', depth)) as LiteralTuple
  }

  #rest(end: string, depth: number): TextValue[] {
    const members: TextValue[] = []
    while (!this.#take(end)) {
      if (!this.#take(',')) throw new SyntaxError('expected a comma')
      if (this.#take(end)) return members
      members.push(this.#value(depth + 1))
    }
    return members
  }

  #list(depth: number): TextValue {
    const members: TextValue[] = []
    this.#at++
    while (!this.#take(']')) {
      members.push(this.#value(depth + 1))
      if (!this.#take(',') && this.#peek() !== ']') throw new SyntaxError('expected a comma')
    }
    return members
  }

  /** Strings that follow one another are one string. */
  #strings(): string | undefined {
    let out: string | undefined
    for (;;) {
      this.#space()
      const start = /([rRuU]?)("""|'''|"|')/y
      start.lastIndex = this.#at
      const match = start.exec(this.#text)
      if (!match) return out
      this.#at = start.lastIndex
      out = (out ?? '') + this.#string(match[2] as string, match[1]?.toLowerCase() === 'r')
    }
  }

  #string(quote: string, isRaw: boolean): string {
    let out = ''
    while (!this.#text.startsWith(quote, this.#at)) {
      const char = this.#text[this.#at]
      if (char === undefined || char === '\0' || (char === '\n' && quote.length === 1))
        throw new SyntaxError('string without an end')
      if (char !== '\\') out += this.#plain(quote)
      else if (isRaw) {
        out += this.#text.slice(this.#at, this.#at + 2)
        this.#at += 2
      } else out += this.#escape()
    }
    this.#at += quote.length
    return out
  }

  /** As many characters as stand for themselves, at least one. */
  #plain(quote: string): string {
    const run = quote[0] === '"' ? /[^"\\\n\0]+|["\n]/y : /[^'\\\n\0]+|['\n]/y
    run.lastIndex = this.#at
    const text = (run.exec(this.#text) as RegExpExecArray)[0]
    this.#at += text.length
    return text
  }

  #escape(): string {
    const form = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|([\s\S]))/y
    form.lastIndex = this.#at
    const match = form.exec(this.#text)
    if (!match) throw new SyntaxError('bad escape')
    this.#at = form.lastIndex
    const hex = match[1] ?? match[2] ?? match[3]
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    if (match[4] !== undefined) return String.fromCodePoint(Number.parseInt(match[4], 8))
    const char = match[5] as string
    if (char === 'x' || char === 'u' || char === 'U' || char === 'N') throw new SyntaxError('bad escape')
    return simpleEscapes.get(char) ?? `\\${char}`
  }

  #word(): TextValue {
    const constant = /(?:True|False|None)(?![\w])/y
    constant.lastIndex = this.#at
    const name = constant.exec(this.#text)
    if (name) {
      this.#at = constant.lastIndex
      return name[0] === 'None' ? null : name[0] === 'True'
    }
    const number =
      /([+-]?)[ \t]*(?:(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)|((?:\d+(?:_\d+)*)?\.\d+(?:_\d+)*(?:[eE][+-]?\d+(?:_\d+)*)?|\d+(?:_\d+)*\.(?:[eE][+-]?\d+(?:_\d+)*)?|\d+(?:_\d+)*[eE][+-]?\d+(?:_\d+)*)|([1-9]\d*(?:_\d+)*|0+(?:_0+)*))(?![\w.])/y
    number.lastIndex = this.#at
    const match = number.exec(this.#text)
    if (!match) throw new SyntaxError('expected a literal')
    this.#at = number.lastIndex
    const negative = match[1] === '-'
    if (match[3] !== undefined) {
      const float = Number(match[3].replaceAll('_', ''))
      return negative ? -float : float
    }
    const digits = ((match[2] ?? match[4]) as string).replaceAll('_', '')
    if (digits.length > 4300) throw new SyntaxError('integer too long')
    return negative ? -BigInt(digits) : BigInt(digits)
  }

  #take(char: string): boolean {
    if (this.#peek() !== char) return false
    this.#at++
    return true
  }

  #peek(): string | undefined {
    this.#space()
    return this.#text[this.#at]
  }

  #space(): void {
    const space = /(?:[ \t\n\r\f]|#[^\n]*)*/y
    space.lastIndex = this.#at
    space.exec(this.#text)
    this.#at = space.lastIndex
  }
}

/** Gives a value that can be a key or a member of a set back; lists, dictionaries and sets cannot. */
function hashable(value: TextValue): TextValue {
  if (value instanceof LiteralTuple) value.forEach(hashable)
  else if (isTextObject(value) || isTextList(value)) throw new SyntaxError('this value cannot be a key')
  return value
}

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['\n', ''],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
  ['a', '\x07'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
])

/**
 * Reads what upstream's list values may be written as: a Python literal (`ast.literal_eval`), or gives `undefined`.
 */
export function parseLiteralText(text: string): { readonly value: TextValue } | undefined {
  try {
    return { value: new LiteralText(text).whole() }
  } catch {
    return undefined
  }
}
