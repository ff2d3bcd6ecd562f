import { cliError } from './errors.ts'

/** A flag's whole number from 1 on; absent: no limit. Throws `BP_CLI_USAGE` for what is none. */
export function countOf(flag: string, given: string | undefined): number {
  if (given === undefined) return Number.POSITIVE_INFINITY
  const count = Number(given)
  if (Number.isInteger(count) && count >= 1) return count
  throw cliError('BP_CLI_USAGE', { details: { reason: `${flag}: '${given}' is no whole number from 1 on.` } })
}
