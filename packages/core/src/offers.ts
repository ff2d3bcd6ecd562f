import type { HostFunction, HostInit } from './contracts/host.ts'
import type { Interceptor } from './contracts/interceptor.ts'
import { type Dispatch, hostOwner, type Offer } from './registry.ts'

/** What the host offers itself. */
export function ownOffer({ functions = [], events = [] }: HostInit): Offer {
  return {
    functions: functions.map((own) => own.descriptor),
    events,
    route(descriptor) {
      const own = functions.find((one) => one.descriptor === descriptor) as HostFunction
      return async (call) => own.run(call.params, call)
    },
  }
}

/** The same offer with interceptors around every way, the first outermost. */
export function intercepted(offer: Offer, interceptors: readonly Interceptor[] = [], plugin = hostOwner): Offer {
  return {
    ...offer,
    route(descriptor) {
      const target = { plugin, descriptor }
      return interceptors.reduceRight<Dispatch>(
        (inner, interceptor) => (call) =>
          interceptor(call, target, (params) => {
            if (params) call.params = params
            return inner(call)
          }),
        offer.route(descriptor),
      )
    },
  }
}
