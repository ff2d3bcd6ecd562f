/** Text as bytes. */
export function bytes(from: string): Uint8Array {
  return new TextEncoder().encode(from)
}

/** Bytes as text. */
export function text(from: Uint8Array): string {
  return new TextDecoder().decode(from)
}

/** Bytes that are not text, all different from their neighbours. */
export function pattern(length: number): Uint8Array {
  const made = new Uint8Array(length)
  for (let i = 0; i < length; i++) made[i] = (i * 7 + (i >> 8)) & 0xff
  return made
}

/** Whether two byte arrays are equal; a test framework's own comparison takes seconds for a mebibyte. */
export function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i])
}
