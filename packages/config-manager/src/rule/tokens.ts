import { parseLiteralText } from '../python/literal.ts'

/** One token: numbers and strings carry their value, everything else its normal spelling. */
export type Token =
  | { readonly kind: 'literal'; readonly value: string | bigint | number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'sign'; readonly sign: string }

/** `python`: what upstream's `rule` is written in; `validity`: the same, and JavaScript's spellings of operators. */
export type Dialect = 'python' | 'validity'

/** An expression is cut into at most this many tokens, so that reading it takes milliseconds. */
const maxTokens = 50_000

const mayBeLiteral = /[\d."'rRuU]/
const space = /(?:[ \t\f]|#[^\n]*)*/y
const string =
  /[rRuU]?(?:"""(?:[^\\]|\\[\s\S])*?"""|'''(?:[^\\]|\\[\s\S])*?'''|"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')/y
const number = /(?:0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?)(?![\w.])/y
const word = /[\p{L}_][\p{L}\p{N}_]*/uy
const signs: Readonly<Record<Dialect, RegExp>> = {
  python: /\*\*|\/\/|<<|>>|==|!=|<=|>=|[-+*/%<>()[\]{},:.&|^~]/y,
  validity: /\*\*|\/\/|<<|>>|===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>()[\]{},:.&|^~!]/y,
}

/** JavaScript's spellings of what Python writes otherwise. */
const spelling: ReadonlyMap<string, string> = new Map([
  ['===', '=='],
  ['!==', '!='],
  ['&&', 'and'],
  ['||', 'or'],
  ['!', 'not'],
])

const words: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in', 'is', 'if', 'else'])
const depthOf: Readonly<Record<string, number>> = { '(': 1, '[': 1, '{': 1, ')': -1, ']': -1, '}': -1 }

/** Cuts an expression into tokens, or throws a `SyntaxError`. */
export function tokenize(text: string, dialect: Dialect): Token[] {
  return new Cutter(text, dialect).tokens()
}

class Cutter {
  readonly #text: string
  readonly #dialect: Dialect
  readonly #tokens: Token[] = []
  #at = 0
  /** How many brackets are open: a line break ends an expression where none is. */
  #open = 0

  constructor(text: string, dialect: Dialect) {
    this.#text = text
    this.#dialect = dialect
  }

  tokens(): Token[] {
    for (;;) {
      this.#skipSpace()
      if (this.#at === this.#text.length) return this.#tokens
      if (this.#tokens.length === maxTokens) throw new SyntaxError(`it has more than ${maxTokens} parts`)
      this.#tokens.push(this.#next())
    }
  }

  #skipSpace(): void {
    for (;;) {
      this.#take(space)
      const char = this.#text[this.#at]
      if (char !== '\n' && char !== '\r') return
      const isInside = this.#open > 0 || this.#tokens.length === 0 || this.#dialect === 'validity'
      if (!isInside && this.#text.slice(this.#at).trim() !== '')
        throw new SyntaxError('a line break within the expression')
      this.#at++
    }
  }

  #next(): Token {
    const first = this.#text[this.#at] as string
    const literal = mayBeLiteral.test(first) ? (this.#take(string) ?? this.#take(number)) : undefined
    if (literal !== undefined) return literalToken(literal)
    const name = this.#take(word)
    if (name !== undefined) return words.has(name) ? { kind: 'sign', sign: name } : { kind: 'name', name }
    const sign = this.#take(signs[this.#dialect])
    if (sign === undefined)
      throw new SyntaxError(`cannot read ${JSON.stringify(this.#text.slice(this.#at, this.#at + 12))}`)
    this.#open += depthOf[sign] ?? 0
    return { kind: 'sign', sign: spelling.get(sign) ?? sign }
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    if (!match) return undefined
    this.#at = pattern.lastIndex
    return match[0]
  }
}

function literalToken(text: string): Token {
  const read = parseLiteralText(text)
  if (!read) throw new SyntaxError(`${text} is not a number or a string`)
  return { kind: 'literal', value: read.value as string | bigint | number }
}
