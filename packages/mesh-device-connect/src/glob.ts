/** Whether it is a pattern rather than a plain text: it holds `*`, `?` or `[`. */
export function isGlob(text: string): boolean {
  return /[*?[]/.test(text)
}

/**
 * Matches a whole text against a pattern of Python's `fnmatch` (case matters): `*` any run, `?` one character,
 * `[abc]`, `[a-z]`, `[!abc]` one of, or none of, a set. Takes time linear in pattern times text, whatever the pattern.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  if (!isGlob(pattern)) return pattern === text
  const parts = partsOf(pattern)
  const characters = [...text]
  let part = 0
  let at = 0
  let star = -1
  let resume = 0
  while (at < characters.length) {
    const wanted = parts[part]
    if (wanted === '*') {
      star = part++
      resume = at
    } else if (wanted?.(characters[at] as string)) {
      part++
      at++
    } else if (star >= 0) {
      part = star + 1
      at = ++resume
    } else return false
  }
  return parts.slice(part).every((rest) => rest === '*')
}

type Part = '*' | ((character: string) => boolean)

function partsOf(pattern: string): Part[] {
  const characters = [...pattern]
  const parts: Part[] = []
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string
    const end = character === '[' ? endOfSet(characters, at) : -1
    if (character === '*') parts.push('*')
    else if (character === '?') parts.push(() => true)
    else if (end > 0) {
      parts.push(setOf(characters.slice(at + 1, end)))
      at = end
    } else parts.push((other) => other === character)
  }
  return parts
}

/** Where the set that opens at `from` closes, or -1: a `[` that nothing closes is a plain character. */
function endOfSet(characters: readonly string[], from: number): number {
  let at = from + 1
  if (characters[at] === '!') at++
  if (characters[at] === ']') at++
  return characters.indexOf(']', at)
}

function setOf(body: readonly string[]): (character: string) => boolean {
  const negated = body[0] === '!'
  const members = negated ? body.slice(1) : body
  const ranges: [string, string][] = []
  for (let at = 0; at < members.length; at++) {
    const from = members[at] as string
    const isRange = members[at + 1] === '-' && at + 2 < members.length
    ranges.push([from, isRange ? (members[at + 2] as string) : from])
    if (isRange) at += 2
  }
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== negated
}
