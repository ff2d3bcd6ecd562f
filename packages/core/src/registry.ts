import type { ActiveCall } from './active-call.ts'
import type { CallTarget } from './contracts/interceptor.ts'
import type { EventDescriptor, FunctionDescriptor } from './contracts/manifest.ts'
import type { Advertisement } from './contracts/mesh.ts'
import type { Value } from './contracts/values.ts'
import { coreError } from './errors.ts'

/** How a resolved call reaches its function. */
export type Dispatch = (call: ActiveCall) => Promise<Value>

/** One function and the way to it. */
export interface Route extends CallTarget {
  readonly dispatch: Dispatch
  readonly limitMs?: number | undefined
}

/** What one owner offers. */
export interface Offer {
  readonly functions: readonly FunctionDescriptor[]
  readonly events: readonly EventDescriptor[]
  /** Longest that a call may take, in milliseconds. @default no limit */
  readonly limitMs?: number | undefined
  /** Gives the way to one function. */
  route(descriptor: FunctionDescriptor): Dispatch
}

/** Owner name of the host's own functions; no plugin may have it. */
export const hostOwner = 'host'

/**
 * Which names reach which functions.
 *
 * Every function is reached as `<plugin>.<function>`. Its bare name is an alias, held by the plugin that was loaded
 * first and handed to the next when that leaves. The host's own functions come before all others under their bare names.
 */
export class CapabilityRegistry {
  readonly #host = new Map<string, Route>()
  /** In the order in which plugins were loaded, which is the order of claims to a bare name. */
  readonly #owners = new Map<string, { routes: Route[]; events: readonly EventDescriptor[] }>()
  readonly #qualified = new Map<string, Route>()
  readonly #aliases = new Map<string, Route>()
  readonly #hostEvents: readonly EventDescriptor[]
  readonly #watchers = new Set<(advertisement: Advertisement) => void>()
  #revision = 0
  #advertisement: Advertisement | undefined

  /** Throws `BP_FUNCTION_COLLISION` when the host's own names repeat. */
  constructor(own: Offer) {
    for (const descriptor of own.functions) {
      if (this.#host.has(descriptor.name)) throw collision(descriptor.name, hostOwner)
      this.#host.set(descriptor.name, { plugin: hostOwner, descriptor, dispatch: own.route(descriptor) })
    }
    this.#hostEvents = own.events
  }

  /** Finds what a name reaches now. */
  resolve(name: string): Route | undefined {
    return this.#host.get(name) ?? this.#qualified.get(name) ?? this.#aliases.get(name)
  }

  /**
   * Sets what a plugin offers, all at once; an owner that is already here keeps its place in the order of aliases.
   * Throws `BP_FUNCTION_COLLISION` and changes nothing when a qualified name is taken.
   */
  set(owner: string, offer: Offer): void {
    const { limitMs } = offer
    const routes = offer.functions.map((descriptor) => ({
      plugin: owner,
      descriptor,
      limitMs,
      dispatch: offer.route(descriptor),
    }))
    const names = new Set<string>()
    for (const { descriptor } of routes) {
      const name = qualify(owner, descriptor.name)
      const taken = this.#host.get(name) ?? this.#qualified.get(name)
      if (names.has(name) || (taken && taken.plugin !== owner)) throw collision(name, taken?.plugin ?? owner)
      names.add(name)
    }
    this.#owners.set(owner, { routes, events: offer.events })
    this.#changed()
  }

  /** Takes back everything that a plugin offers. */
  delete(owner: string): void {
    if (this.#owners.delete(owner)) this.#changed()
  }

  /** What is offered now, each function once under the shortest name that reaches it. */
  get advertisement(): Advertisement {
    this.#advertisement ??= {
      revision: this.#revision,
      functions: [...this.#advertised()],
      events: [...new Map(this.#events().map((event) => [event.name, event])).values()],
    }
    return this.#advertisement
  }

  /** Tells each change; returns what ends the telling. */
  watch(watcher: (advertisement: Advertisement) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  *#advertised(): Generator<FunctionDescriptor> {
    for (const route of this.#host.values()) yield route.descriptor
    for (const [name, route] of this.#qualified) {
      yield this.resolve(route.descriptor.name) === route ? route.descriptor : { ...route.descriptor, name }
    }
  }

  /** Later ones first, so that of two events with one name the first owner's description is kept. */
  #events(): EventDescriptor[] {
    return [this.#hostEvents, ...[...this.#owners.values()].map((owner) => owner.events)].flat().reverse()
  }

  #changed(): void {
    this.#qualified.clear()
    this.#aliases.clear()
    for (const [owner, { routes }] of this.#owners) {
      for (const route of routes) {
        this.#qualified.set(qualify(owner, route.descriptor.name), route)
        if (!this.#aliases.has(route.descriptor.name)) this.#aliases.set(route.descriptor.name, route)
      }
    }
    this.#revision++
    this.#advertisement = undefined
    for (const watcher of this.#watchers) watcher(this.advertisement)
  }
}

function qualify(owner: string, name: string): string {
  return `${owner}.${name}`
}

function collision(name: string, owner: string) {
  return coreError('BP_FUNCTION_COLLISION', { details: { name, owner } })
}
