/** What loggers put into each record of their own, and what a host says of who wrote it. */
const reserved: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'v', 'plugin'])

/**
 * Makes fields that others chose fit for a record of the host's log: a key of the record's own gets `_` before it
 * (`_level`), since loggers write both and readers take the last.
 */
export function foreignFields(fields: object): Record<string, unknown> {
  const entries = Object.entries(fields)
  // Others stay the object that they are: loggers know errors and classes by their prototype.
  if (!entries.some(([key]) => reserved.has(key))) return fields as Record<string, unknown>
  return Object.fromEntries(entries.map(([key, value]) => [reserved.has(key) ? `_${key}` : key, value]))
}
