/**
 * Gives the key under which NATS KV keeps a document: letters, digits, `_`, `-` and `/` stand for themselves, every
 * other byte (and `.` and `=`, which mean something in a key) as `=` and two hexadecimal digits.
 */
export function keyOf(name: string): string {
  let key = ''
  for (const byte of new TextEncoder().encode(name)) {
    const char = String.fromCharCode(byte)
    key += /[A-Za-z0-9_\-/]/.test(char) ? char : `=${byte.toString(16).padStart(2, '0')}`
  }
  return key
}

/** The name of the document that is kept under a key. */
export function nameOf(key: string): string {
  const bytes: number[] = []
  for (let at = 0; at < key.length; at++) {
    if (key[at] === '=') {
      bytes.push(Number.parseInt(key.slice(at + 1, at + 3), 16))
      at += 2
    } else bytes.push(key.charCodeAt(at))
  }
  return new TextDecoder().decode(Uint8Array.from(bytes))
}
