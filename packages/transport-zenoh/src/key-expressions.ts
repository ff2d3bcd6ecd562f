/**
 * Subjects (`a.b.c`, `*`, `>`) as Zenoh's key expressions (`a/b/c`, `*`, `**`), and back.
 *
 * A chunk of a key may not hold `/ # ? $ *`, and one that begins with `@` is met by no wildcard; such characters of a
 * token travel as `%` and two upper-case hexadecimal digits, and `%` itself so too. The other way round a key may hold
 * what no token may (a dot, `>`, white space): it becomes such an escape in the subject, so a subject with it reaches
 * that key.
 */

/** What a token may hold and a chunk may not; and escapes that stand for what only a chunk may hold. */
const forChunk = /%(?:2E|3E|20|7F|[01][0-9A-F])|[%/#?$]|^@/g
/** What a chunk may hold and a token may not; and escapes that stand for what only a token may hold. */
const forToken = /%(?:25|2F|23|3F|24|40)|[.>\s\p{Cc}\p{Cf}\p{Cs}]/gu
const plainSubject = /^[\w.-]*$/
const plainKey = /^[\w/-]*$/

/** The key that a subject stands for. Not for patterns. */
export function keyOf(subject: string): string {
  if (plainSubject.test(subject)) return subject.replaceAll('.', '/')
  return subject.split('.').map(chunkOf).join('/')
}

/**
 * The key expression of a subscription's pattern. A last `>` is one chunk or more, where Zenoh's `**` may be none, so
 * it is `*` and `**`.
 */
export function keyExpressionOf(pattern: string): string {
  return pattern
    .split('.')
    .map((token) => (token === '*' ? '*' : token === '>' ? '*/**' : chunkOf(token)))
    .join('/')
}

/**
 * The subject of a received key. The wildcards of a key expression become those of a pattern, as far as there are such.
 */
export function subjectOf(key: string): string {
  if (plainKey.test(key)) return key.replaceAll('/', '.')
  return key
    .replace(/(^|\/)\*\/\*\*$/, '$1**')
    .split('/')
    .map(tokenOf)
    .join('.')
}

/** The part of a pattern in front of its first wildcard, as a key; empty where there is none. */
export function literalPrefixOf(pattern: string): string {
  const tokens = pattern.split('.')
  const wild = tokens.findIndex((token) => token === '*' || token === '>')
  return (wild < 0 ? tokens : tokens.slice(0, wild)).map(chunkOf).join('/')
}

function chunkOf(token: string): string {
  return token.replace(forChunk, (match) =>
    match.length === 3 ? String.fromCharCode(Number.parseInt(match.slice(1), 16)) : escaped(match),
  )
}

function tokenOf(chunk: string): string {
  if (chunk === '**') return '>'
  if (chunk.includes('*')) return '*'
  return chunk.replace(forToken, (match) => (match.length === 3 ? decodeURIComponent(match) : escaped(match)))
}

/** `%` and hexadecimal digits for each byte. */
function escaped(text: string): string {
  return [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}
