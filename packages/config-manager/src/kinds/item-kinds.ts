import type { ItemType } from '../definition.ts'
import { ipv4Kind, ipv6Kind } from './address-kinds.ts'
import { booleanKind } from './boolean.ts'
import { bucketKind } from './bucket.ts'
import { enumerationKind } from './enumeration.ts'
import { jsonKind } from './json.ts'
import type { ItemKind } from './kind.ts'
import { keyedListKind, listKind } from './list.ts'
import { floatKind, integerKind } from './number.ts'
import { scriptKind } from './script.ts'
import { aclKind, certificateKind, codeKind, freeText, passwordKind, stringKind, taskKind } from './text.ts'
import { urlKind } from './url.ts'

/** What each item type decides. A type of `itemTypes` that is missing here does not compile. */
export type ItemKinds = Readonly<Record<ItemType, ItemKind>>

const itemKinds: ItemKinds = {
  ACL: aclKind,
  IPv4: ipv4Kind,
  IPv6: ipv6Kind,
  JSON: jsonKind,
  URL: urlKind,
  'X509 certificate': certificateKind,
  boolean: booleanKind,
  bucket: bucketKind,
  code: codeKind,
  enumeration: enumerationKind,
  float: floatKind,
  integer: integerKind,
  kvlist: keyedListKind(kindOf),
  list: listKind(kindOf),
  northTask: taskKind,
  password: passwordKind,
  script: scriptKind,
  string: stringKind,
}

/** An item whose type is unknown: the finding about its type is enough, so nothing else of it is refused. */
const unknownKind: ItemKind = { ...freeText, schema: () => ({}) }

const kinds: ReadonlyMap<unknown, ItemKind> = new Map<unknown, ItemKind>(Object.entries(itemKinds))

/** Gives what a type decides. */
export function kindOf(type: unknown): ItemKind {
  return kinds.get(type) ?? unknownKind
}
