import { type Item, type Items, own, withProperty } from './definition.ts'

/** What hexadecimal text stands for, or why it stands for nothing: the classes are CPython's. */
export type ScriptText = { readonly text: string } | { readonly fault: 'Error' | 'UnicodeDecodeError' }

/** Reads a script as Fledge keeps it: the hexadecimal form of UTF-8 text. */
export function decodeScript(hex: string): ScriptText {
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(hex)) return { fault: 'Error' }
  const bytes = Uint8Array.from({ length: hex.length / 2 }, (_, index) =>
    Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16),
  )
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) }
  } catch {
    return { fault: 'UnicodeDecodeError' }
  }
}

/** Writes a script as Fledge keeps it. */
export function encodeScript(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Gives items with their scripts readable; a script that cannot be decoded stays as it is. */
export function withReadableScripts(items: Items): Items {
  return new Map([...items].map(([name, item]) => [name, readableScript(item)]))
}

function readableScript(item: Item): Item {
  const value = own(item, 'value')
  if (own(item, 'type') !== 'script' || typeof value !== 'string' || value === '') return item
  const decoded = decodeScript(value)
  return 'text' in decoded ? withProperty(item, 'value', decoded.text) : item
}
