import type { Params } from '@backplane/core'
import { contractError } from '@backplane/core/errors'

/** One parameter that is wrong, and what about it. */
export interface ParamFault {
  readonly path: string
  readonly message: string
}

/** Parameters that a function of the host does not have. */
export function unknownParams(params: Params, known: object): ParamFault[] {
  return Object.keys(params)
    .filter((path) => !Object.hasOwn(known, path))
    .map((path) => ({ path, message: 'is not known here' }))
}

/** Throws `BP_PARAMS_INVALID` that names every fault, unless there is none. */
export function refuseParams(name: string, list: readonly ParamFault[]): void {
  if (list.length === 0) return
  const issues = list.map(({ path, message }) => `${path} ${message}`).join('; ')
  throw contractError('BP_PARAMS_INVALID', { details: { name, issues, list } })
}
