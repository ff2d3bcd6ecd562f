import type { Logger } from './contracts/logger.ts'

/**
 * Does what must not keep anything else from going on, beginning at once: a failure is logged with `fields`, never
 * thrown.
 */
export async function attempt(
  logger: Logger,
  what: string,
  work: () => unknown,
  fields: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  try {
    await work()
  } catch (error) {
    logger.warn({ ...fields, error }, `${what} failed`)
  }
}
