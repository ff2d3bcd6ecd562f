import type { Call } from './call.ts'
import type { FunctionDescriptor } from './manifest.ts'
import type { Params, Value } from './values.ts'

/** What an interceptor learns about where a call goes. */
export interface CallTarget {
  /** `host` for the host's own functions. */
  readonly plugin: string
  readonly descriptor: FunctionDescriptor
}

/**
 * Wraps every call of a host, local, between plugins and from the mesh alike: tracing, validation, permission, audit.
 *
 * Either calls `next` and gives (a form of) its result, or throws. `next` may be given other parameters to go on with.
 * The first of the list is the outermost.
 */
export type Interceptor = (call: Call, target: CallTarget, next: (params?: Params) => Promise<Value>) => Promise<Value>
