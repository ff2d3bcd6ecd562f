import { type Clock, coreError, type Logger, messageOf, silentLogger, systemClock } from '@backplane/core'
import type { ConfigManager } from './contract.ts'
import { type ItemDefinition, manualOption } from './definition.ts'
import { configError } from './errors.ts'

/** What a discovery is made with. */
export interface DiscoveryInit {
  /** Finds what there is; the signal is aborted when it takes too long or nobody wants it any more. */
  readonly discover: (options: { readonly signal: AbortSignal }) => Promise<readonly string[]>
  /** How long a search may take, in milliseconds. @default 10000 */
  readonly timeoutMs?: number
  /** How long what was found is given without looking again, in milliseconds. @default 60000 */
  readonly cacheMs?: number
}

/** What a discovery needs. */
export interface DiscoveryComponents {
  /** @default silent */
  readonly logger?: Logger
  /** @default the system's */
  readonly clock?: Clock
}

/** What was found. */
export interface Discovered {
  readonly found: readonly string[]
  /** When, in milliseconds since the Unix epoch. */
  readonly at: number
}

/** Looks for what an item may be set to: never while a plugin is being described, never twice at once. */
export interface Discovery {
  /** Gives what was found lately, or looks. Rejects with `BP_CONFIG_DISCOVERY_FAILED`; what was found before stays. */
  options(options?: { readonly fresh?: boolean; readonly signal?: AbortSignal }): Promise<Discovered>
  /** What was found last, if anything was. */
  readonly last: Discovered | undefined
  /** Looks, and offers what was found as the options of an enumeration, with {@link manualOption} as the last. */
  feed(
    manager: ConfigManager,
    category: string,
    item: string,
    options?: { readonly signal?: AbortSignal },
  ): Promise<Discovered>
}

/** Makes a discovery of a plugin's `discover()`. */
export function discovery(init: DiscoveryInit): (components?: DiscoveryComponents) => Discovery {
  return (components = {}) => new CachedDiscovery(init, components)
}

class CachedDiscovery implements Discovery {
  readonly #init: DiscoveryInit
  readonly #clock: Clock
  readonly #logger: Logger
  #last: Discovered | undefined
  #looking: Promise<Discovered> | undefined
  #controller: AbortController | undefined
  #waiting = 0

  constructor(init: DiscoveryInit, { clock = systemClock, logger = silentLogger }: DiscoveryComponents) {
    this.#init = init
    this.#clock = clock
    this.#logger = logger
  }

  get last(): Discovered | undefined {
    return this.#last
  }

  async options({
    fresh = false,
    signal,
  }: {
    readonly fresh?: boolean
    readonly signal?: AbortSignal
  } = {}): Promise<Discovered> {
    if (signal?.aborted) throw coreError('BP_ABORTED', { cause: signal.reason })
    const { cacheMs = 60_000 } = this.#init
    if (!fresh && this.#last && this.#clock.now() - this.#last.at < cacheMs) return this.#last
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined
    })
    return this.#await(this.#looking, signal)
  }

  async feed(
    manager: ConfigManager,
    category: string,
    item: string,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<Discovered> {
    const discovered = await this.options({ ...options, fresh: true })
    await manager.offerOptions(category, item, [...discovered.found, manualOption], options)
    return discovered
  }

  /** Several may wait for one search; it is given up when the last of them no longer wants it. */
  async #await(looking: Promise<Discovered>, signal: AbortSignal | undefined): Promise<Discovered> {
    this.#waiting++
    const { promise, reject } = Promise.withResolvers<never>()
    const leave = () => reject(coreError('BP_ABORTED', { cause: signal?.reason }))
    signal?.addEventListener('abort', leave)
    try {
      return await Promise.race([looking, promise])
    } finally {
      signal?.removeEventListener('abort', leave)
      this.#waiting--
      if (this.#waiting === 0 && this.#looking === looking) this.#controller?.abort(coreError('BP_ABORTED'))
    }
  }

  async #look(): Promise<Discovered> {
    const { timeoutMs = 10_000, discover } = this.#init
    const controller = new AbortController()
    this.#controller = controller
    const { promise, reject } = Promise.withResolvers<never>()
    controller.signal.addEventListener('abort', () => reject(controller.signal.reason), { once: true })
    const timer = this.#clock.after(timeoutMs, () =>
      controller.abort(coreError('BP_TIMEOUT', { details: { what: 'Discovery', timeoutMs } })),
    )
    try {
      const found = await Promise.race([discover({ signal: controller.signal }), promise])
      this.#last = { found: checked(found), at: this.#clock.now() }
      return this.#last
    } catch (error) {
      this.#logger.warn({ err: error }, 'discovery failed')
      throw configError('BP_CONFIG_DISCOVERY_FAILED', {
        details: { what: 'options', reason: messageOf(error) },
        cause: error,
      })
    } finally {
      timer.cancel()
    }
  }
}

/** What a plugin says that it has found is for it to get wrong: only texts can be options. */
function checked(found: unknown): readonly string[] {
  if (!Array.isArray(found)) throw notFound('it is no list')
  const wrong = found.findIndex((option) => typeof option !== 'string' || option.trim() === '')
  if (wrong >= 0) throw notFound(`item ${wrong} is no text, or an empty one`)
  return [...new Set(found as string[])].filter((option) => option !== manualOption)
}

function notFound(reason: string): Error {
  return coreError('BP_INVALID_ARGUMENT', { details: { what: 'What discovery found', reason } })
}

/**
 * The two items of a choice that discovery feeds: an enumeration, and the text that counts when it is `Manual`. Spread
 * them into a category: `{ ...discoveredItems('camera', 'Which camera') }` has `camera` and `cameraManual`.
 */
export function discoveredItems<const N extends string>(
  name: N,
  description: string,
): { readonly [K in N | `${N}Manual`]: ItemDefinition } {
  const choice = { description, type: 'enumeration', default: manualOption, options: [manualOption] } as const
  const text = {
    description: `${description}, typed in`,
    type: 'string',
    default: '',
    validity: `${name} == "${manualOption}"`,
  } as const
  return { [name]: choice, [`${name}Manual`]: text } as never
}

/** The value of a choice made with {@link discoveredItems}: what was chosen, or what was typed in. */
export function chosen(values: { readonly [item: string]: unknown }, name: string): string {
  const choice = values[name]
  return String(choice === manualOption ? (values[`${name}Manual`] ?? '') : choice)
}
