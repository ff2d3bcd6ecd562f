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
  readonly route: (descriptor: FunctionDescriptor) => Dispatch
}

/** Owner name of the host's own functions; no plugin may have it. */
export const hostOwner = 'host'

/**
 * Which names reach which functions.
 *
 * Every function is reached as `<plugin>.<function>`. Its bare name is an alias, held by the plugin that was loaded
 * first and handed to the next when that leaves. The host's own functions come before all others under their bare
 * names.
 */
export class CapabilityRegistry {
  readonly #own: readonly Route[]
  readonly #ownEvents: readonly EventDescriptor[]
  /** In the order in which plugins were loaded, which is the order of claims to a bare name. */
  readonly #owners = new Map<string, { routes: readonly Route[]; events: readonly EventDescriptor[] }>()
  readonly #watcher: (advertisement: Advertisement) => void
  #names = new Map<string, Route>()
  #revision = 0
  #advertisement: Advertisement | undefined

  /** `watcher` is told each change. Throws `BP_FUNCTION_COLLISION` when the host's own names repeat. */
  constructor(own: Offer, watcher: (advertisement: Advertisement) => void = () => {}) {
    this.#watcher = watcher
    this.#own = routesOf(hostOwner, own)
    this.#ownEvents = own.events
    for (const route of this.#own) {
      const { name } = route.descriptor
      if (this.#names.has(name)) throw collision(name, hostOwner)
      this.#names.set(name, route)
    }
  }

  /** Finds what a name reaches now. */
  resolve(name: string): Route | undefined {
    return this.#names.get(name)
  }

  /**
   * Sets what a plugin offers, all at once; an owner that is already here keeps its place in the order of aliases.
   * Throws `BP_FUNCTION_COLLISION` and changes nothing when a qualified name is taken.
   */
  set(owner: string, offer: Offer): void {
    const routes = routesOf(owner, offer)
    const names = new Set<string>()
    for (const route of routes) {
      const name = qualified(route)
      const taken = this.#names.get(name)
      // An alias gives way.
      const isFree = !taken || taken.plugin === owner || (taken.plugin !== hostOwner && qualified(taken) !== name)
      if (!isFree || names.has(name)) throw collision(name, isFree ? owner : taken.plugin)
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
      functions: [...this.#own, ...this.#routes()].map((route) =>
        this.resolve(route.descriptor.name) === route
          ? route.descriptor
          : { ...route.descriptor, name: qualified(route) },
      ),
      events: [...new Map(this.#events().map((event) => [event.name, event])).values()],
    }
    return this.#advertisement
  }

  #routes(): Route[] {
    return [...this.#owners.values()].flatMap((owner) => owner.routes)
  }

  /** Later ones first, so that of two events with one name the first owner's description is kept. */
  #events(): EventDescriptor[] {
    return [this.#ownEvents, ...[...this.#owners.values()].map((owner) => owner.events)].flat().reverse()
  }

  #changed(): void {
    const routes = this.#routes()
    // Of two claims to a name, the later entry holds.
    this.#names = new Map([
      ...routes.map((route) => [route.descriptor.name, route] as const).reverse(),
      ...routes.map((route) => [qualified(route), route] as const),
      ...this.#own.map((route) => [route.descriptor.name, route] as const),
    ])
    this.#revision++
    this.#advertisement = undefined
    this.#watcher(this.advertisement)
  }
}

function routesOf(plugin: string, { functions, limitMs, route }: Offer): Route[] {
  return functions.map((descriptor) => ({ plugin, descriptor, limitMs, dispatch: route(descriptor) }))
}

function qualified({ plugin, descriptor }: Route): string {
  return `${plugin}.${descriptor.name}`
}

function collision(name: string, owner: string) {
  return coreError('BP_FUNCTION_COLLISION', { details: { name, owner } })
}
