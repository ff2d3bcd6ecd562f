import { type Dialect, type Token, tokenize } from './tokens.ts'

/** A parsed expression: plain data, so that it can be kept, inspected and evaluated without ever running text. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | bigint | number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: SequenceKind; readonly members: readonly Expression[] }
  | { readonly kind: 'dictionary'; readonly entries: readonly (readonly [key: Expression, value: Expression])[] }
  | { readonly kind: 'not' | 'plus' | 'minus' | 'invert'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly members: readonly Expression[] }
  | { readonly kind: 'arithmetic' | 'compare'; readonly first: Expression; readonly rest: readonly Operation[] }
  | { readonly kind: 'choose'; readonly test: Expression; readonly then: Expression; readonly otherwise: Expression }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly kind: 'part'; readonly of: Expression; readonly steps: readonly PartStep[] }

/** What holds other values in order. */
export type SequenceKind = 'list' | 'tuple' | 'set'

/** One link of a chain: `0 < value < 10` has two, `a - b + c` has two. */
export interface Operation {
  readonly sign: string
  readonly right: Expression
}

/** One step into a value: an element, a slice, or a method called on it. */
export type PartStep =
  | { readonly kind: 'element'; readonly at: Expression }
  | { readonly kind: 'slice'; readonly bounds: readonly (Expression | undefined)[] }
  | { readonly kind: 'method'; readonly name: string; readonly arguments: readonly Expression[] }

/**
 * CPython's own limit for brackets within brackets. Chains of operators do not nest, so their length is not limited by
 * it.
 */
const maxDepth = 200
const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', 'in', 'is'])
/** Operators that bind to the left, loosest first. */
const levels: readonly (readonly string[])[] = [['|'], ['^'], ['&'], ['<<', '>>'], ['+', '-'], ['*', '/', '//', '%']]
const unary: Readonly<Record<string, 'minus' | 'plus' | 'invert'>> = { '-': 'minus', '+': 'plus', '~': 'invert' }

class Syntax {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): Expression {
    const first = this.#expression()
    const expression: Expression = this.#sign() === ',' ? { kind: 'tuple', members: [first, ...this.#more()] } : first
    if (this.#at < this.#tokens.length) throw new SyntaxError('more than one expression')
    return expression
  }

  #expression(): Expression {
    return this.#deeper(() => {
      const then = this.#or()
      if (!this.#take('if')) return then
      const test = this.#or()
      this.#expect('else')
      return { kind: 'choose', test, then, otherwise: this.#expression() }
    })
  }

  #deeper<T>(parse: () => T): T {
    if (++this.#depth > maxDepth) throw new SyntaxError('nested too deeply')
    const parsed = parse()
    this.#depth--
    return parsed
  }

  #or(): Expression {
    return this.#chain('or', () => this.#chain('and', () => this.#not()))
  }

  #chain(kind: 'and' | 'or', member: () => Expression): Expression {
    const members = [member()]
    while (this.#take(kind)) members.push(member())
    return members.length === 1 ? (members[0] as Expression) : { kind, members }
  }

  #not(): Expression {
    if (!this.#take('not')) return this.#comparison()
    return { kind: 'not', of: this.#deeper(() => this.#not()) }
  }

  #comparison(): Expression {
    return this.#operations(
      'compare',
      () => this.#comparisonSign(),
      () => this.#binary(0),
    )
  }

  #comparisonSign(): string | undefined {
    if (this.#sign() === 'not' && this.#sign(1) === 'in') {
      this.#at += 2
      return 'not in'
    }
    const sign = this.#sign()
    if (sign === undefined || !comparisons.has(sign)) return undefined
    this.#at++
    return sign === 'is' && this.#take('not') ? 'is not' : sign
  }

  #binary(level: number): Expression {
    const signs = levels[level]
    if (!signs) return this.#unary()
    return this.#operations(
      'arithmetic',
      () => signs.find((sign) => this.#take(sign)),
      () => this.#binary(level + 1),
    )
  }

  #operations(
    kind: 'compare' | 'arithmetic',
    takeSign: () => string | undefined,
    operand: () => Expression,
  ): Expression {
    const first = operand()
    const rest: Operation[] = []
    for (let sign = takeSign(); sign !== undefined; sign = takeSign()) rest.push({ sign, right: operand() })
    return rest.length === 0 ? first : { kind, first, rest }
  }

  #unary(): Expression {
    const kind = unary[this.#sign() ?? '']
    if (!kind) return this.#power()
    this.#at++
    return { kind, of: this.#deeper(() => this.#unary()) }
  }

  #power(): Expression {
    const first = this.#part()
    if (!this.#take('**')) return first
    return { kind: 'arithmetic', first, rest: [{ sign: '**', right: this.#deeper(() => this.#unary()) }] }
  }

  #part(): Expression {
    const of = this.#atom()
    const steps: PartStep[] = []
    for (let step = this.#step(); step; step = this.#step()) steps.push(step)
    return steps.length === 0 ? of : { kind: 'part', of, steps }
  }

  #step(): PartStep | undefined {
    if (this.#take('[')) return this.#subscript()
    if (!this.#take('.')) return undefined
    const token = this.#tokens[this.#at++]
    if (token?.kind !== 'name') throw new SyntaxError('expected the name of a method after the dot')
    if (!this.#take('(')) throw new SyntaxError(`${token.name} must be called: values have methods, no attributes`)
    return { kind: 'method', name: token.name, arguments: this.#members(')') }
  }

  #subscript(): PartStep {
    const bounds: (Expression | undefined)[] = []
    for (;;) {
      const isOpen = this.#sign() === ':' || this.#sign() === ']'
      bounds.push(isOpen ? undefined : this.#expression())
      if (!this.#take(':')) break
    }
    const members = bounds.length === 1 && this.#sign() === ',' ? this.#more(']') : undefined
    if (!members) this.#expect(']')
    const [at] = bounds
    if (bounds.length > 3) throw new SyntaxError('a slice has at most three bounds')
    if (bounds.length > 1) return { kind: 'slice', bounds }
    if (!at) throw new SyntaxError('a subscript needs something within the brackets')
    return { kind: 'element', at: members ? { kind: 'tuple', members: [at, ...members] } : at }
  }

  #atom(): Expression {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new SyntaxError('the expression ends too early')
    if (token.kind === 'literal') return this.#joined(token)
    if (token.kind === 'name')
      return this.#take('(') ? { kind: 'call', name: token.name, arguments: this.#members(')') } : token
    if (token.sign === '(') return this.#group()
    if (token.sign === '[') return { kind: 'list', members: this.#members(']') }
    if (token.sign === '{') return this.#braces()
    throw new SyntaxError(`did not expect ${token.sign}`)
  }

  /** Strings that follow one another are one string. */
  #joined(first: Token & { readonly kind: 'literal' }): Expression {
    if (typeof first.value !== 'string') return first
    let { value } = first
    for (let next = this.#tokens[this.#at]; next?.kind === 'literal'; next = this.#tokens[this.#at]) {
      if (typeof next.value !== 'string') break
      value += next.value
      this.#at++
    }
    return { kind: 'literal', value }
  }

  #group(): Expression {
    if (this.#take(')')) return { kind: 'tuple', members: [] }
    const first = this.#expression()
    if (this.#take(')')) return first
    return { kind: 'tuple', members: [first, ...this.#more(')')] }
  }

  #braces(): Expression {
    if (this.#take('}')) return { kind: 'dictionary', entries: [] }
    const first = this.#expression()
    if (this.#sign() !== ':') return { kind: 'set', members: [first, ...this.#more('}')] }
    const entries: [Expression, Expression][] = []
    for (let key = first; ; key = this.#expression()) {
      this.#expect(':')
      entries.push([key, this.#expression()])
      const isMore = this.#take(',')
      if (this.#take('}')) return { kind: 'dictionary', entries }
      if (!isMore) throw new SyntaxError('expected }')
    }
  }

  /** Members up to a closing bracket. */
  #members(end: string): Expression[] {
    return this.#take(end) ? [] : [this.#expression(), ...this.#more(end)]
  }

  /** The members that follow a first one, up to a closing bracket or to the end of the text. */
  #more(end?: string): Expression[] {
    const isEnd = () => (end === undefined ? this.#at === this.#tokens.length : this.#take(end))
    const members: Expression[] = []
    while (!isEnd()) {
      this.#expect(',')
      if (isEnd()) return members
      members.push(this.#expression())
    }
    return members
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw new SyntaxError(`expected ${sign}`)
  }

  #sign(ahead = 0): string | undefined {
    const token = this.#tokens[this.#at + ahead]
    return token?.kind === 'sign' ? token.sign : undefined
  }

  #take(sign: string): boolean {
    if (this.#sign() !== sign) return false
    this.#at++
    return true
  }
}

/** Parses an expression, or throws a `SyntaxError`. */
export function parseExpression(text: string, dialect: Dialect): Expression {
  return new Syntax(tokenize(text, dialect)).whole()
}
