/**
 * Tells whether a text has a scheme and an authority, which is all that upstream asks of a URL (`urllib.parse.urlsplit`
 * of CPython 3.11): `x://y` and `http://a b` do, `mailto:a@b` and `file:///x` do not.
 */
export function hasSchemeAndAuthority(text: string): boolean {
  const rest = text.replace(/^[\0-\x20]+/, '').replace(/[\t\r\n]/g, '')
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(rest)
  if (!scheme) return false
  const authority = /^\/\/([^/?#]*)/.exec(rest.slice(scheme[0].length))?.[1]
  return authority !== undefined && authority !== '' && bracketsMatch(authority) && staysAuthority(authority)
}

function bracketsMatch(authority: string): boolean {
  return authority.includes('[') === authority.includes(']')
}

/** CPython refuses an authority that would grow a delimiter when normalised (NFKC). */
function staysAuthority(authority: string): boolean {
  const plain = authority.replace(/[@:#?]/g, '')
  const normal = plain.normalize('NFKC')
  return plain === normal || !/[/?#@:]/.test(normal)
}
