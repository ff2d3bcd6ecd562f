import { type Token, tokenize } from './tokens.ts'

/** A parsed expression: plain data, so that it can be kept, inspected and evaluated without ever running text. */
export type Expression =
  | { readonly kind: 'literal'; readonly value: string | bigint | number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly members: readonly Expression[] }
  | { readonly kind: 'not' | 'plus' | 'minus'; readonly of: Expression }
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'arithmetic'; readonly sign: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'compare'; readonly first: Expression; readonly rest: readonly Comparison[] }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }

/** One link of a comparison chain: `0 < value < 10` has two. */
export interface Comparison {
  readonly sign: string
  readonly right: Expression
}

const maxDepth = 60
const comparisons: ReadonlySet<string> = new Set(['==', '!=', '<', '<=', '>', '>=', 'in'])

class Syntax {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  whole(): Expression {
    const expression = this.#or()
    if (this.#at < this.#tokens.length) throw new SyntaxError('more than one expression')
    return expression
  }

  #or(): Expression {
    if (++this.#depth > maxDepth) throw new SyntaxError('nested too deeply')
    let left = this.#and()
    while (this.#take('or')) left = { kind: 'or', left, right: this.#and() }
    this.#depth--
    return left
  }

  #and(): Expression {
    let left = this.#not()
    while (this.#take('and')) left = { kind: 'and', left, right: this.#not() }
    return left
  }

  #not(): Expression {
    if (!this.#take('not')) return this.#comparison()
    if (++this.#depth > maxDepth) throw new SyntaxError('nested too deeply')
    const of = this.#not()
    this.#depth--
    return { kind: 'not', of }
  }

  #comparison(): Expression {
    const first = this.#sum()
    const rest: Comparison[] = []
    for (let sign = this.#comparisonSign(); sign !== undefined; sign = this.#comparisonSign()) {
      rest.push({ sign, right: this.#sum() })
    }
    return rest.length === 0 ? first : { kind: 'compare', first, rest }
  }

  #comparisonSign(): string | undefined {
    if (this.#sign() === 'not' && this.#sign(1) === 'in') {
      this.#at += 2
      return 'not in'
    }
    const sign = this.#sign()
    if (sign === undefined || !comparisons.has(sign)) return undefined
    this.#at++
    return sign
  }

  #sum(): Expression {
    return this.#arithmetic(['+', '-'], () => this.#product())
  }

  #product(): Expression {
    return this.#arithmetic(['*', '/', '//', '%'], () => this.#unary())
  }

  #arithmetic(signs: readonly string[], operand: () => Expression): Expression {
    let left = operand()
    for (let sign = this.#sign(); sign !== undefined && signs.includes(sign); sign = this.#sign()) {
      this.#at++
      left = { kind: 'arithmetic', sign, left, right: operand() }
    }
    return left
  }

  #unary(): Expression {
    const kind = this.#take('-') ? 'minus' : this.#take('+') ? 'plus' : undefined
    if (!kind) return this.#power()
    if (++this.#depth > maxDepth) throw new SyntaxError('nested too deeply')
    const of = this.#unary()
    this.#depth--
    return { kind, of }
  }

  #power(): Expression {
    const left = this.#atom()
    return this.#take('**') ? { kind: 'arithmetic', sign: '**', left, right: this.#unary() } : left
  }

  #atom(): Expression {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new SyntaxError('the expression ends too early')
    if (token.kind === 'literal') return token
    if (token.kind === 'name') return this.#take('(') ? this.#call(token.name) : token
    if (token.sign === '(') return this.#group()
    if (token.sign === '[') return { kind: 'list', members: this.#members(']') }
    throw new SyntaxError(`did not expect ${token.sign}`)
  }

  #call(name: string): Expression {
    return { kind: 'call', name, arguments: this.#members(')') }
  }

  #group(): Expression {
    const start = this.#at
    const members = this.#members(')')
    const trailing = this.#tokens[this.#at - 2]
    const isTuple = members.length !== 1 || (trailing?.kind === 'sign' && trailing.sign === ',' && this.#at - start > 1)
    return isTuple ? { kind: 'list', members } : (members[0] as Expression)
  }

  #members(end: string): Expression[] {
    const members: Expression[] = []
    while (!this.#take(end)) {
      members.push(this.#or())
      if (!this.#take(',') && this.#sign() !== end) throw new SyntaxError(`expected ${end}`)
    }
    return members
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

/** Parses an expression in either dialect, or throws a `SyntaxError`. */
export function parseExpression(text: string): Expression {
  return new Syntax(tokenize(text)).whole()
}
