import {
  type Call,
  coreError,
  type EventFilter,
  type FunctionDescriptor,
  type IncomingEvent,
  type Params,
  type Subscription,
  type Value,
} from '@backplane/core'

type Serve = (params: Params, call: Call) => Promise<Value>
type Hear = (event: IncomingEvent) => Promise<void>

interface Served {
  readonly descriptor: FunctionDescriptor
  readonly run: Serve
}

/** What a plugin offers and hears beyond what it was loaded with, by its own doing while it runs. */
export class Offers {
  readonly #served = new Map<string, Served>()
  readonly #heard = new Map<symbol, { readonly event: string; readonly hear: Hear }>()
  readonly #changed: () => void

  constructor(changed: () => void) {
    this.#changed = changed
  }

  get functions(): readonly FunctionDescriptor[] {
    return [...this.#served.values()].map(({ descriptor }) => descriptor)
  }

  get subscriptions(): readonly EventFilter[] {
    return [...new Set([...this.#heard.values()].map(({ event }) => event))].map((event) => ({ event }))
  }

  /** Answers calls of a function. Throws `BP_INVALID_ARGUMENT`. */
  serve(name: string, run: Serve, descriptor: FunctionDescriptor = { name }): Subscription {
    if (!/^[A-Za-z_][A-Za-z0-9_.-]{0,127}$/.test(name))
      throw coreError('BP_INVALID_ARGUMENT', {
        details: { what: 'the name', reason: `'${name}' is no name of a function` },
      })
    const served = { descriptor: { ...descriptor, name }, run }
    this.#served.set(name, served)
    this.#changed()
    return this.#subscription(name, () => this.#served.get(name) === served && this.#served.delete(name))
  }

  /** Hears the events of a name. */
  subscribe(event: string, hear: Hear): Subscription {
    const key = Symbol(event)
    this.#heard.set(key, { event, hear })
    this.#changed()
    return this.#subscription(event, () => this.#heard.delete(key))
  }

  /** What answers that function, if it has been offered. */
  of(name: string): Serve | undefined {
    return this.#served.get(name)?.run
  }

  async notify(event: IncomingEvent): Promise<void> {
    const hearing = [...this.#heard.values()].filter((each) => each.event === event.event)
    await Promise.all(hearing.map(({ hear }) => hear(event)))
  }

  #subscription(pattern: string, end: () => boolean): Subscription {
    const unsubscribe = async () => {
      if (end()) this.#changed()
    }
    return { pattern, unsubscribe, [Symbol.asyncDispose]: unsubscribe }
  }
}
