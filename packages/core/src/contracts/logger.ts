/** One level's method, pino-shaped: an object of fields and a message, or only a message. */
export interface LogMethod {
  (fields: object, message?: string): void
  (message: string): void
}

/**
 * A pino-shaped logger; injected everywhere, so a library never decides where logs go. A pino instance fits as it is.
 */
export interface Logger {
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
  /** Gives a logger that adds these fields to each record. */
  child(fields: Record<string, unknown>): Logger
}

const nothing: LogMethod = () => {}

/** The logger that writes nothing: the default wherever none is injected. */
export const silentLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLogger,
}
