/** Random hexadecimal digits, for ids that Device Connect wants so: `d2d-<12>`, `br-<12>`, an event's `<8>`. */
export function hex(digits: number): string {
  let text = ''
  while (text.length < digits)
    text += Math.floor(Math.random() * 0x1000000)
      .toString(16)
      .padStart(6, '0')
  return text.slice(0, digits)
}

/** A time as Device Connect writes it: `YYYY-MM-DDTHH:MM:SSZ`, whole seconds. */
export function isoSeconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
