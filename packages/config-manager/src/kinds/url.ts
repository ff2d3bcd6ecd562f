import { addressFamily } from './address.ts'
import type { ItemKind } from './kind.ts'
import { freeText } from './text.ts'
import { verdict } from './verdict.ts'

/** `URL`: a text with a scheme and an authority. */
export const urlKind: ItemKind = {
  ...freeText,
  accepts: (value) => verdict(typeof value === 'string' && hasSchemeAndAuthority(value)),
  schema: () => ({ type: 'string', format: 'uri' }),
}

/**
 * Tells whether a text has a scheme and an authority, which is all that upstream asks of a URL (`urllib.parse.urlsplit`
 * of CPython 3.11): `x://y` and `http://a b` do, `mailto:a@b` and `file:///x` do not.
 */
function hasSchemeAndAuthority(text: string): boolean {
  const rest = text.replace(/^[\0-\x20]+/, '').replace(/[\t\r\n]/g, '')
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(rest)
  if (!scheme) return false
  const authority = /^\/\/([^/?#]*)/.exec(rest.slice(scheme[0].length))?.[1]
  return authority !== undefined && authority !== '' && bracketsMatch(authority) && staysAuthority(authority)
}

/** Between brackets stands an IPv6 address or an address of a later kind (RFC 3986, 3.2.2). */
function bracketsMatch(authority: string): boolean {
  if (authority.includes('[') !== authority.includes(']')) return false
  const open = authority.indexOf('[')
  if (open === -1) return true
  const host = (authority.slice(open + 1).split(']') as [string])[0]
  return host.startsWith('v') ? /^v[a-fA-F0-9]+\../.test(host) : addressFamily(host) === 6
}

/** CPython refuses an authority that would grow a delimiter when normalised (NFKC). */
function staysAuthority(authority: string): boolean {
  const plain = authority.replace(/[@:#?]/g, '')
  const normal = plain.normalize('NFKC')
  return plain === normal || !/[/?#@:]/.test(normal)
}
