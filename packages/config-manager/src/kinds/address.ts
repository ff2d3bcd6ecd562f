/**
 * Tells which family an address text is of, as CPython's `ipaddress` reads it (no leading zeros, zone ids allowed);
 * `undefined`: it is none.
 */
export function addressFamily(text: string): 4 | 6 | undefined {
  if (isIPv4(text)) return 4
  return isIPv6(text) ? 6 : undefined
}

function isIPv4(text: string): boolean {
  const octets = text.split('.')
  return octets.length === 4 && octets.every((octet) => /^(?:0|[1-9][0-9]{0,2})$/.test(octet) && Number(octet) <= 255)
}

function isIPv6(text: string): boolean {
  const [address, ...zone] = text.split('%') as [string, ...string[]]
  if (zone.length > 1 || zone[0] === '' || text.includes('/')) return false
  const parts = address.split(':')
  if (parts.length < 3) return false
  if (parts.at(-1)?.includes('.')) {
    if (!isIPv4(parts.pop() as string)) return false
    parts.push('0', '0')
  }
  return parts.length <= 9 && fillsEightGroups(parts) && parts.every((part) => /^[0-9a-fA-F]{0,4}$/.test(part))
}

function fillsEightGroups(parts: readonly string[]): boolean {
  const gaps = parts.slice(1, -1).filter((part) => part === '').length
  const startsOpen = parts[0] === ''
  const endsOpen = parts.at(-1) === ''
  if (gaps === 0) return parts.length === 8 && !startsOpen && !endsOpen
  if (gaps > 1 && !(gaps === 2 && parts.length === 3)) return false
  if (startsOpen && parts[1] !== '') return false
  if (endsOpen && parts.at(-2) !== '') return false
  return parts.filter((part) => part !== '').length < 8
}
