import type { JsonSchema } from '@backplane/core'
import { narrowInteger } from '@backplane/core/json'
import { readNumber, UnreadableNumber } from '../limits.ts'

/** Gives a limit as a keyword of JSON Schema. A blank or unreadable limit is none. */
export function limitKeyword(keyword: string, value: unknown, type: 'integer' | 'float' = 'float'): JsonSchema {
  if (value === undefined) return {}
  try {
    const float = readNumber(value, 'float') as number
    if (!Number.isFinite(float)) return {}
    const isWhole = type === 'integer' && Number.isInteger(float)
    return { [keyword]: isWhole ? narrowInteger(readNumber(value, type) as bigint) : float }
  } catch (error) {
    if (error instanceof UnreadableNumber) return {}
    throw error
  }
}
