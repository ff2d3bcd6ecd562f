import type { TextValue } from './value.ts'

const maxDepth = 90

/** The part of Python's literals that configuration values use: JSON's forms, single quotes, `True`, `None`, Python numbers. */
class LiteralText {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): TextValue {
    const value = this.#value(0)
    this.#space()
    if (this.#at < this.#text.length) throw new SyntaxError('more text than one literal')
    return value
  }

  #value(depth: number): TextValue {
    if (depth > maxDepth) throw new SyntaxError('nested too deeply')
    this.#space()
    const char = this.#text[this.#at]
    if (char === '"' || char === "'") return this.#string(char)
    if (char === '{') return this.#object(depth)
    if (char === '[') return this.#list(depth)
    return this.#word()
  }

  #object(depth: number): TextValue {
    const members = new Map<TextValue, TextValue>()
    this.#at++
    while (!this.#take('}')) {
      const key = this.#value(depth + 1)
      if (typeof key === 'object' && key !== null) throw new SyntaxError('unhashable key')
      if (!this.#take(':')) throw new SyntaxError('expected a colon')
      members.set(key, this.#value(depth + 1))
      if (!this.#take(',') && this.#peek() !== '}') throw new SyntaxError('expected a comma')
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

  #string(quote: string): string {
    let out = ''
    for (this.#at++; this.#text[this.#at] !== quote; ) {
      const char = this.#text[this.#at]
      if (char === undefined || char === '\n' || char === '\0') throw new SyntaxError('string without an end')
      if (char === '\\') out += this.#escape()
      else {
        out += char
        this.#at++
      }
    }
    this.#at++
    return out
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
    while (' \t\n\r\f'.includes(this.#text[this.#at] ?? '.')) this.#at++
  }
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
 * Tuples, sets, comments and joined strings are left out on purpose: nobody writes configuration so.
 */
export function parseLiteralText(text: string): { readonly value: TextValue } | undefined {
  try {
    return { value: new LiteralText(text).whole() }
  } catch {
    return undefined
  }
}
