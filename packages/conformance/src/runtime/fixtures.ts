import type { PluginSource } from '@backplane/core'

/**
 * The plugins that a runtime brings, by behaviour; `docs/conformance.md` says what each must do. One plugin may stand
 * for several: only the functions of each behaviour are called. What a runtime cannot express is listed in `lacks`.
 */
export interface RuntimeFixtures {
  /**
   * `echo({ value })` gives `value`, or null. Described as "Gives back what it is given.", with a schema of its
   * parameters.
   */
  readonly echo?: PluginSource
  /** `count()` gives how often this instance has been asked: 1, 2, 3, ... */
  readonly count?: PluginSource
  /** `fail({ message })` fails in the ordinary way of its language, with that text. Has `count` too. */
  readonly fail?: PluginSource
  /** `sleep({ ms, value })` gives `value` after `ms` milliseconds and does not hinder other calls. */
  readonly sleep?: PluginSource
  /** `hang()` never answers and heeds no signal, but does not block. Has `count` too. */
  readonly hang?: PluginSource
  /** `spin()` never answers and keeps its thread busy. Has `count` too. */
  readonly spin?: PluginSource
  /** `wait()` answers only when its call is cancelled; `cancelled()` gives how many were. */
  readonly wait?: PluginSource
  /** `crash()` ends the plugin's home from inside. Has `sleep` too. */
  readonly crash?: PluginSource
  /** Ends by itself about 50 ms after it started. */
  readonly exit?: PluginSource
  /** `emit({ event, payload })` emits, and answers null when the host has taken it. Declares the event `said`. */
  readonly emit?: PluginSource
  /** `invoke({ name, params })` calls that function of the host and gives its answer. Has `echo` too. */
  readonly invoke?: PluginSource
  /** `log({ level, message })` logs at `debug`, `info`, `warn` or `error`. */
  readonly log?: PluginSource
  /**
   * `config()` gives the configuration in force; a change whose `mode` is `refuse` is refused with the text
   * `mode refused`.
   */
  readonly config?: PluginSource
  /** `set_health({ ok, message })` decides what its health says from then on. */
  readonly health?: PluginSource
  /** `seen()` gives the events that it was notified of, in order: `[{ device, event, payload }]`. */
  readonly notify?: PluginSource
  /**
   * `stream({ count })` sends `{ n }` for each n from 0, awaiting each, and answers `count`. Declares
   * `stream: 'items'`.
   */
  readonly stream?: PluginSource
  /** Emits `tick` with `{ n }`, n from 1, about every 20 ms between start and stop. */
  readonly periodic?: PluginSource
  /** `put({ value })` and `get()` (null at first); hands its value over, and starts with what it is handed. */
  readonly state?: PluginSource
  /** `info()` gives `{ plugin_id, state_dir, simulated }` of its context; `state_dir` is null where there is none. */
  readonly info?: PluginSource
  /** `offer({ name })` makes a function of that name appear, which answers `offered`. */
  readonly changing?: PluginSource
  /** Does not load: fails with the text `broken on purpose`. */
  readonly broken?: PluginSource
  /** Does not load: its manifest names an entry point that is not there. */
  readonly missing?: PluginSource
  /** Loads, and does not start: fails with the text `refused to start`. */
  readonly startFails?: PluginSource
  /** Loads, and its start never ends. */
  readonly startHangs?: PluginSource
  /** Works (has `echo`), and its graceful stop never ends. */
  readonly stopHangs?: PluginSource
}

/** The name of a behaviour. */
export type FixtureName = keyof RuntimeFixtures

/**
 * What the suite may be told that a runtime cannot do: a behaviour, or a kind of value that its wire does not carry.
 */
export type RuntimeLack =
  | FixtureName
  | `values.${'bytes' | 'null' | 'scalars' | 'lists' | 'nesting' | 'unicode' | 'bigint' | 'nonFinite'}`

/** Every behaviour. */
export const fixtureNames = [
  'echo',
  'count',
  'fail',
  'sleep',
  'hang',
  'spin',
  'wait',
  'crash',
  'exit',
  'emit',
  'invoke',
  'log',
  'config',
  'health',
  'notify',
  'stream',
  'periodic',
  'state',
  'info',
  'changing',
  'broken',
  'missing',
  'startFails',
  'startHangs',
  'stopHangs',
] as const satisfies readonly FixtureName[]
