/**
 * Characters that would move a terminal's cursor, change its colours, or turn its text around: C0 and C1 controls but for
 * the line feed, and the marks of bidirectional text.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unsafe = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/** Text of another device, made harmless for a terminal: what is not visible is written as an escape, as in JSON. */
export function plainText(text: string): string {
  return text.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** {@link plainText} for what must stay on its line. */
export function plainLine(text: string): string {
  return plainText(text).replaceAll('\n', '\\n')
}
