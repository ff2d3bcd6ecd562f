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
  /**
   * Replaces the catalogue's message, where the text is fixed by somebody else (a peer's protocol, a plugin's own
   * words).
   */
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
  /** The next step for anyone who reads the error, as a sentence. */
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
    const { code, message, next, retryable, details } = this
    return { code, message, next, retryable, details }
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

/** Every code that a host itself uses. `docs/errors.md` lists them; a test keeps the two equal. */
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
  BP_PLUGIN_NEEDED: {
    message: "Plugin '{plugin}' is needed by {by}.",
    next: 'Unload those first, or use `cascade`.',
  },
  BP_PLUGIN_LOAD_FAILED: {
    message: "Plugin '{plugin}' could not be loaded: {reason}",
    next: 'Correct the plugin, then load it again.',
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
  BP_PERMISSION_DENIED: {
    message: "'{who}' may not {what}.",
    next: 'Grant it, if that is meant.',
  },
  BP_CONFIG_REFUSED: {
    message: "Plugin '{plugin}' refused its new configuration: {reason}",
    next: 'Correct the values; the former stay.',
  },
  BP_STREAM_LIMIT: {
    message: "'{name}' streamed more than {limit} items.",
    next: 'Call it as a stream.',
  },

  BP_DEVICE_UNKNOWN: {
    message: "Device '{device}' is not on the mesh.",
    next: 'Discover who is there.',
    retryable: true,
  },
} as const satisfies ErrorCatalogue

/** A code of {@link errorCatalogue}. */
export type CoreErrorCode = keyof typeof errorCatalogue

/** Makes an error of {@link errorCatalogue}. */
export const coreError: (code: CoreErrorCode, init?: ErrorInit) => BackplaneError = defineErrors(errorCatalogue)
