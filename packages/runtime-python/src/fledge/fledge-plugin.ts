import { coreError, type Params, type PluginInstance, type Value } from '@backplane/core'
import { pythonSurface } from '../surface.ts'
import { called, type FledgeCallOptions } from './called.ts'
import { ingested } from './ingest.ts'
import { type Reading, type ReadingInput, readingsIn } from './reading.ts'

/** What a set point or a parameter may be; the plugin gets it as text. */
export type SetPoint = string | number | boolean

/** How far sending came. */
export interface Sent {
  /** How many readings were sent, from the first on; the rest is to be sent again. */
  readonly sent: number
  /** Id of the last that was sent, where the plugin says it. */
  readonly lastId?: number
}

/** A notification to deliver. */
export interface FledgeNotification {
  /** Name of the delivery. @default the plugin's id */
  readonly delivery?: string
  readonly notification: string
  /** What a rule's `reason` says. */
  readonly reason: Params
  /** What the rule was given: the plugin finds it in the reason, as `data`. */
  readonly data?: Params
  readonly message: string
}

/**
 * A Fledge plugin that runs, as a pipeline uses it: its entry points, typed, without the names and checks of functions.
 *
 * Each call rejects with `BP_INVALID_ARGUMENT` where the plugin's kind does not have it, with `BP_PLUGIN_FAILED` and
 * the plugin's own text for what it raises, with `BP_FLEDGE_READING_INVALID` or `BP_FLEDGE_RESULT_INVALID` for what it
 * must not return, with `BP_TIMEOUT` or `BP_ABORTED`, and with `BP_PLUGIN_EXITED` when its process ends. Entry points
 * run one after the other, but for `write` and `operation`.
 */
export interface FledgePlugin {
  readonly kind: 'south' | 'north' | 'filter' | 'rule' | 'delivery'
  /** What `plugin_info` calls it. */
  readonly name: string
  /** Major version of its interface. */
  readonly interface: 1 | 2
  /** Whether a south plugin hands readings over on its own initiative, so that `ingested` gives them, not `poll`. */
  readonly async: boolean
  /** Whether it takes set points and operations. */
  readonly control: boolean
  /** Whether it keeps data from one run to the next. */
  readonly persist: boolean
  /** `plugin_poll`: none, one or several readings. */
  poll(options?: FledgeCallOptions): Promise<readonly Reading[]>
  /**
   * Takes over what the plugin hands over on its own initiative, as long as the loop lasts: readings of an asynchronous
   * south plugin, and what a filter passes on later than its call. The first of an instance gets what came before it
   * too (10,000 readings at most, which have been events already), so none are lost between loading and this. One at a
   * time may do so.
   */
  ingested(options?: { readonly signal?: AbortSignal }): AsyncGenerator<readonly Reading[], void>
  /** `plugin_write`: whether the set point was set. */
  write(name: string, value: SetPoint, options?: FledgeCallOptions): Promise<boolean>
  /** `plugin_operation`: whether it was done. */
  operation(
    name: string,
    parameters?: Readonly<Record<string, SetPoint>>,
    options?: FledgeCallOptions,
  ): Promise<boolean>
  /** `plugin_send`, synchronous or not. */
  send(readings: readonly ReadingInput[], options?: FledgeCallOptions & { readonly streamId?: string }): Promise<Sent>
  /** `plugin_ingest` of a filter: what it passes on within the call. */
  filter(readings: readonly ReadingInput[], options?: FledgeCallOptions): Promise<readonly Reading[]>
  /** `plugin_triggers`: which data a rule wants to see. */
  triggers(options?: FledgeCallOptions): Promise<Params>
  /** `plugin_eval`: whether a rule triggers on data points by asset (and seconds as `timestamp_<asset>`). */
  evaluate(data: Params, options?: FledgeCallOptions): Promise<boolean>
  /** `plugin_reason`: why the last evaluation came out as it did. */
  reason(options?: FledgeCallOptions): Promise<Params>
  /** `plugin_deliver`: whether it was delivered. */
  deliver(notification: FledgeNotification, options?: FledgeCallOptions): Promise<boolean>
}

/**
 * Gives a Fledge plugin that the Python runtime has loaded, in the form that a pipeline takes. Not for callers of a
 * host: they have the plugin's functions. Throws `BP_INVALID_ARGUMENT` for an instance that is none.
 */
export function fledgePlugin(instance: PluginInstance): FledgePlugin {
  const surface = pythonSurface(instance)
  const facts = surface.facts as Partial<Omit<FledgePlugin, 'interface'>> & {
    readonly interface?: 1 | 2
    readonly functions?: readonly string[]
  }
  const { kind, name, functions } = facts
  if (kind === undefined || name === undefined || functions === undefined) {
    throw coreError('BP_INVALID_ARGUMENT', { details: { what: 'The instance', reason: 'it is no Fledge plugin' } })
  }
  const ask = async (call: string, body: Params, options?: FledgeCallOptions): Promise<Value> => {
    check(call)
    return called(instance, call, body, options)
  }
  const check = (call: string) => {
    if (functions.includes(call)) return
    const reason = `'${name}' is a ${facts.async ? 'asynchronous ' : ''}${kind} plugin and has none`
    throw coreError('BP_INVALID_ARGUMENT', { details: { what: `The call '${call}'`, reason } })
  }
  return {
    kind,
    name,
    interface: facts.interface ?? 1,
    async: facts.async === true,
    control: facts.control === true,
    persist: facts.persist === true,
    poll: async (options) => readingsIn(await ask('poll', {}, options)),
    async *ingested({ signal } = {}) {
      check('ingest')
      yield* ingested(surface, signal)
    },
    write: async (name, value, options) => (await ask('write', { name, value }, options)) === true,
    operation: async (operation, parameters = {}, options) =>
      (await ask('operation', { operation, parameters }, options)) === true,
    async send(readings, { streamId, ...options } = {}) {
      const body = { readings: plain(readings), ...(streamId === undefined ? {} : { stream_id: streamId }) }
      const { sent, last_id } = (await ask('send', body, options)) as { sent: number; last_id?: number }
      return { sent, ...(last_id === undefined ? {} : { lastId: last_id }) }
    },
    filter: async (readings, options) => readingsIn(await ask('filter', { readings: plain(readings) }, options)),
    triggers: async (options) => (await ask('triggers', {}, options)) as Params,
    evaluate: async (data, options) => (await ask('evaluate', { data }, options)) === true,
    reason: async (options) => (await ask('reason', {}, options)) as Params,
    deliver: async (notification, options) => (await ask('deliver', { ...notification }, options)) === true,
  }
}

function plain(readings: readonly ReadingInput[]): Value {
  return readings as unknown as Value
}
