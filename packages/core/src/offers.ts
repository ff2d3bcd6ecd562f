import type { HostInit } from './contracts/host.ts'
import type { Interceptor } from './contracts/interceptor.ts'
import { type Dispatch, hostOwner, type Offer } from './registry.ts'

/** What the host offers itself. */
export function ownOffer({ functions = [], events = [] }: HostInit): Offer {
  const runs = new Map(functions.map((own) => [own.descriptor, own.run]))
  return {
    functions: [...runs.keys()],
    events,
    route: (descriptor) => async (call) => (runs.get(descriptor) as (typeof functions)[0]['run'])(call.params, call),
  }
}

/** The same offer with interceptors around every way, the first outermost. */
export function intercepted(offer: Offer, interceptors: readonly Interceptor[] = [], plugin = hostOwner): Offer {
  if (interceptors.length === 0) return offer
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
