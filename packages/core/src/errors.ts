/**
 * What a code in an error catalogue says.
 *
 * `message` and `next` may name details in braces (`{plugin}`), filled in from {@link ErrorInit.details}.
 */
export interface ErrorEntry {
  /** What happened, in one sentence. */
  readonly message: string
  /** What the reader should do next. */
  readonly next: string
  /** Whether the same call may succeed later without anybody changing anything. @default false */
  readonly retryable?: boolean
}

/** A set of error codes, each `BP_` and upper case, with the text that it stands for. */
export type ErrorCatalogue = Readonly<Record<`BP_${string}`, ErrorEntry>>

/** What goes with one occurrence of an error. */
export interface ErrorInit {
  /** Facts about this occurrence: they fill the braces of the text and are kept on the error. */
  readonly details?: Readonly<Record<string, unknown>>
  /** What made it happen. */
  readonly cause?: unknown
  /** Replaces the catalogue's message, where the text is fixed by somebody else (a peer's protocol, a plugin's own words). */
  readonly message?: string
  /** Replaces the catalogue's next step, where a better one is known. */
  readonly next?: string
  /** Replaces the catalogue's answer, where a peer says whether to try again. */
  readonly retryable?: boolean
}

const brand = Symbol.for('backplane.error.1')

/**
 * The one error class of the family: a stable `code`, what happened, and what to do next.
 *
 * Compare `error.code`, not classes. Do not construct it for a new kind of failure: add a code to a catalogue.
 * `instanceof` looks at a brand, so it holds across duplicate copies of this package (ESM beside CommonJS).
 */
export class BackplaneError extends Error {
  /** Stable identifier of the failure (`BP_...`); documented in `docs/errors.md`. */
  readonly code: string
  /** The next step for whoever reads the error, as a sentence. */
  readonly next: string
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retryable: boolean
  /** Facts about this occurrence. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, entry: ErrorEntry, init: ErrorInit = {}) {
    const details = init.details ?? {}
    super(init.message ?? fill(entry.message, details), init.cause === undefined ? undefined : { cause: init.cause })
    this.name = 'BackplaneError'
    this.code = code
    this.next = init.next ?? fill(entry.next, details)
    this.retryable = init.retryable ?? entry.retryable ?? false
    this.details = details
    Object.defineProperty(this, brand, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // What is thrown may be anything, a revoked proxy too; to look at it must not throw.
    try {
      return typeof value === 'object' && value !== null && brand in value
    } catch {
      return false
    }
  }

  /** The plain object that crosses a wire or a worker boundary; {@link BackplaneError.revive} is its inverse. */
  toJSON(): ErrorRecord {
    return { code: this.code, message: this.message, next: this.next, retryable: this.retryable, details: this.details }
  }

  /** Makes an error again from {@link BackplaneError.toJSON}'s object. */
  static revive(record: ErrorRecord): BackplaneError {
    return new BackplaneError(record.code, record, record)
  }

  /**
   * Gives any thrown value as a `BackplaneError`: itself if it is one, else `BP_UNEXPECTED` (or the error that `wrap`
   * makes) with the value as `cause`.
   */
  static from(thrown: unknown, wrap?: (message: string, cause: unknown) => BackplaneError): BackplaneError {
    if (thrown instanceof BackplaneError) return thrown
    const message = messageOf(thrown)
    return wrap ? wrap(message, thrown) : coreError('BP_UNEXPECTED', { details: { reason: message }, cause: thrown })
  }
}

/** A {@link BackplaneError} as plain data. */
export interface ErrorRecord {
  readonly code: string
  readonly message: string
  readonly next: string
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>
}

/** The text of any thrown value; never throws and never gives an empty string. */
export function messageOf(thrown: unknown): string {
  try {
    const text =
      typeof thrown === 'object' && thrown !== null && 'message' in thrown ? String(thrown.message) : String(thrown)
    return text === '' ? 'no message' : text
  } catch {
    return 'no message'
  }
}

function fill(text: string, details: Readonly<Record<string, unknown>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, key: string) => (key in details ? String(details[key]) : whole))
}

/**
 * Gives the constructor of one catalogue's errors: `const natsError = defineErrors({ BP_NATS_X: {...} })`, then
 * `throw natsError('BP_NATS_X', { details })`. A package defines its own catalogue for what core has no code for.
 */
export function defineErrors<const C extends ErrorCatalogue>(
  catalogue: C,
): (code: keyof C & string, init?: ErrorInit) => BackplaneError {
  return (code, init) => new BackplaneError(code, catalogue[code as `BP_${string}`] as ErrorEntry, init)
}

/** Every code that `core` itself and the contracts use. `docs/errors.md` lists them; a test keeps the two equal. */
export const errorCatalogue = {
  BP_UNEXPECTED: {
    message: 'Unexpected: {reason}',
    next: 'Look at the cause.',
  },
  BP_ABORTED: { message: 'It was cancelled.', next: 'Nothing.' },
  BP_TIMEOUT: {
    message: '{what} did not finish within {timeoutMs} ms.',
    next: 'Give it longer, or see why it is slow.',
    retryable: true,
  },
  BP_INVALID_ARGUMENT: { message: '{what} is not valid: {reason}', next: 'Correct it and call again.' },
  BP_CLOSED: { message: '{what} is closed.', next: 'Create a new one.' },

  BP_MANIFEST_INVALID: {
    message: 'The manifest{of} is not valid: {issues}',
    next: 'Correct these paths; `backplane validate` checks it.',
  },
  BP_PLUGIN_ID_INVALID: {
    message: "'{plugin}' is no plugin id.",
    next: 'Use a letter or digit, then up to 63 letters, digits or `._-`.',
  },
  BP_PLUGIN_ALREADY_LOADED: {
    message: "Plugin '{plugin}' is already loaded.",
    next: 'Reload it instead.',
  },
  BP_PLUGIN_NOT_LOADED: {
    message: "Plugin '{plugin}' is not loaded",
    next: 'List the plugins, or load it.',
  },
  BP_PLUGIN_LOAD_FAILED: {
    message: "Plugin '{plugin}' could not be loaded: {reason}",
    next: 'Correct the plugin; its log says where.',
  },
  BP_PLUGIN_UNAVAILABLE: {
    message: "Plugin '{plugin}' takes no calls: {state}.",
    next: 'Try again; its status says when it restarts.',
    retryable: true,
  },
  BP_PLUGIN_QUARANTINED: {
    message: "Plugin '{plugin}' is quarantined: {reason}",
    next: 'Correct the plugin, then reload it.',
  },
  BP_PLUGIN_EXITED: {
    message: "Plugin '{plugin}' ended unexpectedly: {reason}",
    next: 'Look at the log of the plugin.',
    retryable: true,
  },
  BP_PLUGIN_BUSY: {
    message: "Plugin '{plugin}' is at its limit of {limit}.",
    next: 'Try again later, or raise the limit.',
    retryable: true,
  },
  BP_PLUGIN_FAILED: {
    message: '{reason}',
    next: 'Look at the log of the plugin.',
  },
  BP_HEALTH_FAILED: {
    message: "Plugin '{plugin}' is not healthy: {reason}",
    next: 'Look at the log of the plugin.',
    retryable: true,
  },
  BP_RUNTIME_MISSING: {
    message: "No runtime runs plugin '{plugin}' (asked for: '{runtime}'; present: {present}).",
    next: 'Add the runtime, or correct the manifest.',
  },
  BP_FUNCTION_UNKNOWN: {
    message: 'Unknown method: {name}',
    next: 'List the functions, or load the plugin.',
  },
  BP_FUNCTION_COLLISION: {
    message: "Function '{name}' is already registered by '{owner}'.",
    next: 'Rename the function or the plugin.',
  },
  BP_PARAMS_INVALID: {
    message: "Parameters of '{name}' are not valid: {issues}",
    next: "Correct them by the function's schema.",
  },
  BP_PERMISSION_DENIED: {
    message: "'{who}' may not {what}.",
    next: 'Grant it, if that is meant.',
  },
  BP_CONFIG_REFUSED: {
    message: "Plugin '{plugin}' refused its new configuration: {reason}",
    next: 'Correct the values; the former stay.',
  },
  BP_CONFIG_CONFLICT: {
    message: "'{category}' is at revision {actual}, not {expected}.",
    next: 'Read it and try again.',
    retryable: true,
  },
  BP_CONFIG_LOCKED: {
    message: 'Process {pid} writes the configuration in {dir}.',
    next: 'Stop it, or use another place.',
    retryable: true,
  },
  BP_STREAM_LIMIT: {
    message: "'{name}' streamed more than {limit} items for one answer.",
    next: 'Call it as a stream.',
  },
  BP_VALUE_INVALID: {
    message: 'The value at {path} cannot be carried: {reason}',
    next: 'Give JSON, bigint and Uint8Array only.',
  },

  BP_SUBJECT_INVALID: {
    message: "'{subject}' is not a valid {kind}: {reason}",
    next: 'Use dot-separated tokens; `*` and `>` to subscribe only.',
  },
  BP_CONNECT_FAILED: {
    message: 'Could not connect to {address}: {reason}',
    next: 'Check that it runs, and the address.',
    retryable: true,
  },
  BP_AUTH_FAILED: {
    message: '{address} did not accept the credentials: {reason}',
    next: 'Check the credentials.',
  },
  BP_DISCONNECTED: {
    message: 'There is no connection to {address}.',
    next: 'Try again when its status is `connected`.',
    retryable: true,
  },
  BP_NO_RESPONDER: {
    message: "Nobody answers on '{subject}'.",
    next: 'Check the name.',
    retryable: true,
  },
  BP_REFUSED: {
    message: "The request on '{subject}' was refused: {reason}",
    next: 'Look at the reason.',
  },
  BP_PAYLOAD_TOO_LARGE: {
    message: '{bytes} bytes are over the limit of {limit}.',
    next: 'Send less at a time, or raise the limit.',
  },
  BP_IDENTITY_TAKEN: {
    message: "Another host already uses the id '{device}'.",
    next: 'Use another device id.',
  },
  BP_DEVICE_UNKNOWN: {
    message: "Device '{device}' is not on the mesh.",
    next: 'Discover who is there.',
    retryable: true,
  },
  BP_REMOTE_FAILED: {
    message: '{reason}',
    next: 'Look at the log of the other device.',
  },
} as const satisfies ErrorCatalogue

/** A code of core's own catalogue. */
export type CoreErrorCode = keyof typeof errorCatalogue

/** Makes an error of core's catalogue. */
export const coreError: (code: CoreErrorCode, init?: ErrorInit) => BackplaneError = defineErrors(errorCatalogue)
