import { coreError, type Subscription } from '@backplane/core'
import { wasmError } from '../errors.ts'
import type { WasmPlugin } from '../extism/plugin.ts'
import { pack, unpack } from './convert.ts'
import type { BaseHostFunctions } from './host-functions.ts'
import type { VyraMetadata } from './metadata.ts'

/** Where messages come from: `module[.id].name`. */
export interface Topic {
  readonly name: string
  readonly module: string
  readonly id: string | undefined
}

/** Splits a topic: the last token is its name, the first the module, what is between names the instance. */
export function topicOf(topic: string): Topic {
  const tokens = topic.split('.')
  const name = tokens.pop() as string
  const [module = '', ...id] = tokens
  return { name, module, id: id.length > 0 ? id.join('.') : undefined }
}

/** A guest that registers without end would fill the host. */
const most = 1000

/** What a guest has registered with its host: subscriptions and servers, each handled by one of its own functions. */
export class Registrations {
  readonly #host: BaseHostFunctions
  readonly #metadata: VyraMetadata
  readonly #held = new Map<string, Promise<Subscription | undefined>>()
  #plugin: WasmPlugin | undefined
  #closed = false

  constructor(host: BaseHostFunctions, metadata: VyraMetadata) {
    this.#host = host
    this.#metadata = metadata
  }

  /** Ties it to the plugin, whose end ends everything that it has registered. */
  of(plugin: WasmPlugin): WasmPlugin {
    this.#plugin = plugin
    const close = async () => {
      this.#closed = true
      const held = [...this.#held.values()]
      this.#held.clear()
      await Promise.all(held.map(async (each) => (await each.catch(() => undefined))?.unsubscribe()))
      await plugin.close()
    }
    return {
      functions: plugin.functions,
      exports: plugin.exports,
      call: (name, input, options) => plugin.call(name, input, options),
      variables: (options) => plugin.variables(options),
      setVariables: (variables) => plugin.setVariables(variables),
      reset: () => plugin.reset(),
      close,
      [Symbol.asyncDispose]: close,
    }
  }

  /** Hands what comes on a topic to a function of the guest. */
  subscribe(topic: string, handler: string): Promise<void> {
    this.#check(handler)
    const { name, module, id } = topicOf(topic)
    const callback = async (data: unknown) => void (await this.#deliver(handler, data))
    return this.#hold(`subscriber ${topic}`, () => this.#host.create_subscriber(name, callback, module, id))
  }

  /** Answers requests by a function of the guest. */
  serve(name: string, handler: string): Promise<void> {
    this.#check(handler)
    return this.#hold(`server ${name}`, () => this.#host.create_server(name, (data) => this.#deliver(handler, data)))
  }

  /** The same again takes the place of the former. */
  async #hold(key: string, make: () => Promise<Subscription | undefined>): Promise<void> {
    if (this.#closed) throw coreError('BP_CLOSED', { details: { what: 'The plugin' } })
    if (this.#held.size >= most) {
      const reason = `there are ${most} subscriptions and servers already`
      throw wasmError('BP_WASM_HOST_FAILED', { details: { name: key, reason } })
    }
    const former = this.#held.get(key)
    const made = (async () => {
      await (await former?.catch(() => undefined))?.unsubscribe()
      return make()
    })()
    this.#held.set(key, made)
    try {
      const subscription = await made
      if (this.#closed) await subscription?.unsubscribe()
    } catch (error) {
      if (this.#held.get(key) === made) this.#held.delete(key)
      throw error
    }
  }

  #check(handler: string): void {
    if (this.#metadata.exports.some(({ name }) => name === handler)) return
    throw wasmError('BP_WASM_EXPORT_MISSING', { details: { name: handler, what: 'the metadata' } })
  }

  async #deliver(handler: string, data: unknown): Promise<unknown> {
    const args = this.#metadata.exports.find(({ name }) => name === handler)?.args ?? []
    const [first, ...rest] = args
    // By name where the data has names; JSON takes all of it, and so does an only argument.
    const named = typeof data === 'object' && data !== null && first !== undefined && Object.hasOwn(data, first.name)
    const whole = first && rest.length === 0 && (first.type === 'json' || !named)
    const params = whole ? { [first.name]: data } : data
    const answer = unpack(await (this.#plugin as WasmPlugin).call(handler, pack(params))) as { result?: unknown }
    return answer.result ?? null
  }
}
