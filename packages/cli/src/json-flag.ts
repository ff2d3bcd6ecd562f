import { messageOf, type Params } from '@backplane/core'
import { parseJson } from '@backplane/core/json'
import { cliError } from './errors.ts'

/** A flag's JSON object, with every digit of its integers. Throws `BP_CLI_USAGE` for what is none. */
export function jsonFlag(flag: string, text: string): Params {
  let value: unknown
  let reason = 'it is no JSON object'
  try {
    value = parseJson(text)
  } catch (error) {
    reason = messageOf(error)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Params
  const next = `Write it as JSON in single quotes: ${flag} '{"name":"value"}'.`
  throw cliError('BP_CLI_USAGE', { details: { reason: `${flag} ${text}: ${reason}` }, next })
}
