import type { TextValue } from './value.ts'

/** Deeper nesting than this is refused, where CPython's own parser runs into its recursion limit. */
const maxDepth = 900

/** What is wrong with a JSON text, and at which of its characters. */
class JsonFault extends SyntaxError {
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}

class JsonText {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  whole(): TextValue {
    const value = this.#value(0)
    this.#space()
    if (this.#at < this.#text.length) throw new JsonFault('Extra data', this.#at)
    return value
  }

  #value(depth: number): TextValue {
    if (depth > maxDepth) throw new SyntaxError('nested too deeply')
    this.#space()
    const char = this.#text[this.#at]
    if (char === '"') return this.#string()
    if (char === '{') return this.#object(depth)
    if (char === '[') return this.#list(depth)
    return this.#word()
  }

  #object(depth: number): TextValue {
    const members = new Map<TextValue, TextValue>()
    this.#at++
    if (this.#take('}')) return members
    do {
      this.#space()
      if (this.#text[this.#at] !== '"')
        throw new JsonFault('Expecting property name enclosed in double quotes', this.#at)
      const key = this.#string()
      if (!this.#take(':')) throw new JsonFault("Expecting ':' delimiter", this.#at)
      members.set(key, this.#value(depth + 1))
    } while (this.#take(','))
    if (!this.#take('}')) throw new JsonFault("Expecting ',' delimiter", this.#at)
    return members
  }

  #list(depth: number): TextValue {
    const members: TextValue[] = []
    this.#at++
    if (this.#take(']')) return members
    do members.push(this.#value(depth + 1))
    while (this.#take(','))
    if (!this.#take(']')) throw new JsonFault("Expecting ',' delimiter", this.#at)
    return members
  }

  #string(): string {
    // JSON allows no control characters in strings.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being refused
    const end = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
    end.lastIndex = this.#at
    const match = end.exec(this.#text)
    if (!match) throw this.#stringFault()
    this.#at = end.lastIndex
    return JSON.parse(match[0]) as string
  }

  /** Where and why a string that begins here is none. */
  #stringFault(): JsonFault {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is being refused
    const sound = /"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y
    sound.lastIndex = this.#at
    sound.exec(this.#text)
    const end = sound.lastIndex
    if (end >= this.#text.length) return new JsonFault('Unterminated string starting at', this.#at)
    if (this.#text[end] !== '\\') return new JsonFault('Invalid control character at', end)
    const isCut = end + 1 >= this.#text.length
    if (isCut) return new JsonFault('Unterminated string starting at', this.#at)
    return this.#text[end + 1] === 'u'
      ? new JsonFault('Invalid \\uXXXX escape', end + 1)
      : new JsonFault('Invalid \\escape', end)
  }

  #word(): TextValue {
    const word = /NaN|-?Infinity|true|false|null|(-?(?:0|[1-9]\d*))(\.\d+)?([eE][+-]?\d+)?/y
    word.lastIndex = this.#at
    const match = word.exec(this.#text)
    if (!match) throw new JsonFault('Expecting value', this.#at)
    this.#at = word.lastIndex
    if (match[1] === undefined) return words.get(match[0]) as TextValue
    if (match[2] !== undefined || match[3] !== undefined) return Number(match[0])
    if (match[1].length > 4300) throw new SyntaxError('integer too long')
    return BigInt(match[1])
  }

  #take(char: string): boolean {
    this.#space()
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #space(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? '.')) this.#at++
  }
}

const words: ReadonlyMap<string, TextValue> = new Map<string, TextValue>([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
  ['true', true],
  ['false', false],
  ['null', null],
])

/**
 * Reads JSON text as Python's `json.loads` does (`NaN` and `Infinity` are values), or gives `undefined`. Not for text
 * that only has to become JavaScript values: `JSON.parse` is the tool then.
 */
export function parseJsonText(text: string): { readonly value: TextValue } | undefined {
  try {
    return { value: new JsonText(text).whole() }
  } catch {
    return undefined
  }
}

/** What Python's `json.loads` says of a text that is no JSON, or `undefined` where it is. */
export function jsonFault(text: string): string | undefined {
  try {
    new JsonText(text).whole()
    return undefined
  } catch (error) {
    if (!(error instanceof JsonFault)) return 'it is nested too deeply'
    const before = text.slice(0, error.at)
    const line = before.split('\n').length
    const column = error.at - before.lastIndexOf('\n')
    return `${error.message}: line ${line} column ${column} (char ${error.at})`
  }
}
