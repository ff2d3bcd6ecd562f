/** Matches a text against a pattern in which `*` stands for any run of characters and `?` for one. */
export function wildcard(pattern: string, text: string): boolean {
  let part = 0
  let at = 0
  let star = -1
  let resume = 0
  while (at < text.length) {
    if (pattern[part] === '*') {
      star = part++
      resume = at
    } else if (pattern[part] === '?' || pattern[part] === text[at]) {
      part++
      at++
    } else if (star >= 0) {
      part = star + 1
      at = ++resume
    } else return false
  }
  while (pattern[part] === '*') part++
  return part === pattern.length
}
