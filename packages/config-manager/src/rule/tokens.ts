import { parseLiteralText } from '../python/literal.ts'

/** One token: numbers and strings carry their value, everything else its normal spelling. */
export type Token =
  | { readonly kind: 'literal'; readonly value: string | bigint | number }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'sign'; readonly sign: string }

const token =
  /[ \t\f\n\r]*(?:("(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')|((?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d[\d_]*)?(?![\w.])|0[xXoObB][\da-fA-F_]+)|([\p{L}_][\p{L}\p{N}_]*)|(\*\*|\/\/|===|!==|==|!=|<=|>=|&&|\|\||[-+*/%<>()[\],!])|($))/uy

/** JavaScript's spellings (the `validity` dialect) of what Python writes otherwise: both dialects share one grammar. */
const spelling: ReadonlyMap<string, string> = new Map([
  ['===', '=='],
  ['!==', '!='],
  ['&&', 'and'],
  ['||', 'or'],
  ['!', 'not'],
])

const words: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in'])

/** Cuts an expression into tokens, or throws a `SyntaxError`. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  token.lastIndex = 0
  for (;;) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (!match) throw new SyntaxError(`cannot read ${JSON.stringify(text.slice(at, at + 12))}`)
    if (match[5] !== undefined) return tokens
    if (match[1] !== undefined || match[2] !== undefined) tokens.push(literal(match[1] ?? (match[2] as string)))
    else if (match[3] !== undefined) tokens.push(name(match[3]))
    else tokens.push({ kind: 'sign', sign: spelling.get(match[4] as string) ?? (match[4] as string) })
  }
}

function literal(text: string): Token {
  const read = parseLiteralText(text)
  if (!read) throw new SyntaxError(`${text} is not a number or a string`)
  return { kind: 'literal', value: read.value as string | bigint | number }
}

function name(text: string): Token {
  return words.has(text) ? { kind: 'sign', sign: text } : { kind: 'name', name: text }
}
