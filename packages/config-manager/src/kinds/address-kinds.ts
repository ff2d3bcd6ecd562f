import { addressFamily } from './address.ts'
import type { ItemKind } from './kind.ts'
import { freeText } from './text.ts'
import { verdict } from './verdict.ts'

/** `IPv4` and `IPv6`: an address of one family. */
export const [ipv4Kind, ipv6Kind] = [addressKind(4), addressKind(6)]

/** Upstream reads a whole number as an address too: `5` is 0.0.0.5. */
function addressKind(family: 4 | 6): ItemKind {
  return {
    ...freeText,
    accepts: (value, { addressFamilies }) => {
      if (typeof value === 'string') {
        const found = addressFamily(value)
        return verdict(found !== undefined && (addressFamilies === 'either' || found === family))
      }
      const isWhole = typeof value === 'bigint' || Number.isInteger(value)
      return verdict(typeof value === 'boolean' || (isWhole && (value as number | bigint) >= 0))
    },
    schema: () => ({ type: 'string', format: `ipv${family}` }),
  }
}
