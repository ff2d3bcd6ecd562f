// Generated from manifest.schema.json by tools/generate-manifest.ts; change the schema and run `npm run generate`.
import type { JsonSchema } from '../../contracts/values.ts'

/**
 * Names the plugin on its host, and its folder: a letter or digit, then up to 63 letters, digits, dots, dashes, underscores.
 */
export type PluginId = string

/**
 * What a plugin says about itself, in `manifest.json` beside its code. Unknown keys are kept and ignored, so manifests of other systems carry theirs along.
 */
export interface Manifest {
  /**
   * Names this schema, for editors.
   */
  readonly $schema?: string
  readonly id: PluginId
  /**
   * Semantic version of the plugin.
   */
  readonly version?: string
  /**
   * One sentence for people and agents.
   */
  readonly description?: string
  /**
   * Which runtime runs it. Default: by the ending of `entry_point` (.js .mjs .cjs .ts node, .wasm wasm, .py python), else process.
   */
  readonly runtime?: string
  /**
   * The plugin's code, as a relative path inside its folder with forward slashes.
   */
  readonly entry_point?: string
  /**
   * The exported class (or plugin object) to use, where the entry point has several.
   */
  readonly class_name?: string
  /**
   * What can be called, where the code cannot say it itself. What the code declares wins.
   */
  readonly functions?: readonly FunctionDescriptor[]
  /**
   * What it emits, where the code cannot say it itself.
   */
  readonly events?: readonly EventDescriptor[]
  /**
   * Events that it wants delivered.
   */
  readonly subscriptions?: readonly EventFilter[]
  /**
   * Its self-describing configuration: item by name (the form of a Fledge category).
   */
  readonly config?: {
    readonly [k: string]: ManifestConfigItem
  }
  /**
   * Its place in a data pipeline (Fledge's service kinds); only a pipeline looks at it.
   */
  readonly service?: {
    readonly kind: 'south' | 'north' | 'filter' | 'rule' | 'delivery'
    /**
     * Who begins: the host asks (`poll`) or the plugin emits (`async`).
     */
    readonly mode?: 'poll' | 'async'
    readonly [k: string]: unknown
  }
  readonly permissions?: Permissions
  readonly limits?: Limits
  readonly restart?: RestartPolicy
  /**
   * What must be there before it loads, by kind: packages of a language, or other plugins.
   */
  readonly dependencies?: {
    /**
     * pip requirement specifiers.
     */
    readonly python?: readonly string[]
    /**
     * Plugins of the same host.
     */
    readonly plugins?: readonly PluginId[]
    readonly [k: string]: unknown
  }
  readonly labels?: Labels
  /**
   * For the node runtime.
   */
  readonly node?: {
    /**
     * Where it runs. Default: worker.
     */
    readonly isolation?: 'worker' | 'none'
    readonly [k: string]: unknown
  }
  /**
   * For the wasm runtime.
   */
  readonly wasm?: {
    readonly [k: string]: unknown
  }
  /**
   * For the process runtime.
   */
  readonly process?: {
    readonly [k: string]: unknown
  }
  /**
   * For the python runtime.
   */
  readonly python?: {
    readonly [k: string]: unknown
  }
  /**
   * For the sidecar runtime.
   */
  readonly sidecar?: {
    readonly [k: string]: unknown
  }
  /**
   * For the worker runtime: the program that speaks the worker protocol.
   */
  readonly worker?: {
    /**
     * A path in the plugin's folder (`./meter`), or a program on the PATH (`perl`). Default: `entry_point`.
     */
    readonly command?: string
    /**
     * Its arguments; relative paths are those of the plugin's folder.
     */
    readonly args?: readonly string[]
    /**
     * More variables for it.
     */
    readonly env?: {
      readonly [k: string]: string
    }
    readonly [k: string]: unknown
  }
  readonly [k: string]: unknown
}
/**
 * One callable function.
 */
export interface FunctionDescriptor {
  /**
   * How it is called, without the plugin's prefix; dots part a service from its method.
   */
  readonly name: string
  /**
   * One sentence for people and agents.
   */
  readonly description?: string
  /**
   * Schema of the parameters object. Default: any object.
   */
  readonly parameters?: JsonSchema
  /**
   * Schema that calls are held to where that is less than what `parameters` says, and no part of what is announced. Default: `parameters`.
   */
  readonly accepts?: JsonSchema
  /**
   * Schema of the result. Default: any value.
   */
  readonly result?: JsonSchema
  /**
   * Sends values before its result: `items` are part of the answer (a caller who asks for one answer gets them as an array), `progress` may be missed.
   */
  readonly stream?: 'items' | 'progress'
  /**
   * How long a call may take when the caller names no time.
   */
  readonly timeout_ms?: number
  readonly labels?: Labels
  readonly tags?: readonly string[]
  readonly [k: string]: unknown
}
/**
 * Facts to select by: text, or several texts.
 */
export interface Labels {
  readonly [k: string]: string | readonly string[]
}
/**
 * One event that may be emitted.
 */
export interface EventDescriptor {
  /**
   * One token (Device Connect's rule).
   */
  readonly name: string
  readonly description?: string
  /**
   * Schema of the payload object.
   */
  readonly payload?: JsonSchema
  readonly labels?: Labels
  readonly tags?: readonly string[]
  readonly [k: string]: unknown
}
/**
 * Which events to deliver.
 */
export interface EventFilter {
  /**
   * A device id, or a pattern of ids with `*` and `?`. Default: every device, this one included.
   */
  readonly device?: string
  /**
   * An event name; a mesh may know names of its own beside (Device Connect: `peer_present`, `peer_lost`). Default: every event.
   */
  readonly event?: string
  readonly [k: string]: unknown
}
/**
 * One configuration item, as Fledge writes it: every attribute is a string, the value too, unless it is set typed.
 */
export interface ManifestConfigItem {
  /**
   * integer, float, string, boolean, password, enumeration, JSON, URL, list, kvlist, ...
   */
  readonly type: string
  /**
   * The value until somebody sets one.
   */
  readonly default?: unknown
  readonly description?: string
  readonly displayName?: string
  readonly [k: string]: unknown
}
/**
 * What it may do beyond computing; what is not named is refused where the runtime can refuse it.
 */
export interface Permissions {
  /**
   * Hosts it may reach, `*` as a wildcard.
   */
  readonly network?: readonly string[]
  /**
   * Folders it may read.
   */
  readonly read?: readonly string[]
  /**
   * Folders it may write.
   */
  readonly write?: readonly string[]
  /**
   * Environment variables it may see.
   */
  readonly env?: readonly string[]
  /**
   * Functions it may call, `*` as a wildcard. Default: all of this host.
   */
  readonly invoke?: readonly string[]
  /**
   * Host functions that its sandbox may import, `*` as a wildcard.
   */
  readonly host?: readonly string[]
}
/**
 * What it may use. The slot enforces time, concurrency and rate everywhere; the rest is for the runtime.
 */
export interface Limits {
  /**
   * Longest that any call may take.
   */
  readonly timeout_ms?: number
  /**
   * Longest that loading and starting may take. Default: 30000.
   */
  readonly start_timeout_ms?: number
  /**
   * Calls at one time. Default: no limit.
   */
  readonly concurrency?: number
  /**
   * Rate of calls, with a burst of one second's worth. Default: no limit.
   */
  readonly calls_per_second?: number
  /**
   * Memory, in MiB.
   */
  readonly memory_mb?: number
  /**
   * Processor time of the whole process.
   */
  readonly cpu_seconds?: number
  readonly open_files?: number
  readonly processes?: number
  /**
   * Log records kept; the rest are counted. Default: 1000.
   */
  readonly log_lines_per_second?: number
}
/**
 * What happens when it ends on its own (the terms are Erlang/OTP's).
 */
export interface RestartPolicy {
  /**
   * Restarts allowed within the period; one more and it is quarantined. Default: 5.
   */
  readonly intensity?: number
  /**
   * Default: 60000.
   */
  readonly period_ms?: number
  /**
   * Wait before the first restart; doubles each time, with jitter. Default: 200.
   */
  readonly backoff_ms?: number
  /**
   * Default: 30000.
   */
  readonly max_backoff_ms?: number
  /**
   * How long calls may finish before it is stopped. Default: 5000.
   */
  readonly drain_ms?: number
  /**
   * How long it may take to stop before it is ended by force. Default: 5000.
   */
  readonly stop_ms?: number
}
