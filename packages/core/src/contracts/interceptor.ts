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
export interface Interceptor {
  (call: Call, target: CallTarget, next: (params?: Params) => Promise<Value>): Promise<Value>
  /**
   * Told of each function of a plugin when it is offered, before it is called: to prepare, or to look for what is wrong with it.
   * A rejection is logged as a warning; the function is offered all the same.
   */
  offered?(target: CallTarget): Promise<void>
}
