import type { Clock } from './contracts/clock.ts'
import type { Logger } from './contracts/logger.ts'
import { foreignFields } from './foreign-fields.ts'
import { rationedLogger } from './rationed-logger.ts'

/**
 * A plugin's own logger: adds its id, lets no field pass for the host's own, and keeps at most `perSecond` records of
 * each second, so a flood cannot drown the host's log.
 */
export function pluginLogger(logger: Logger, plugin: string, perSecond: number, clock: Clock): Logger {
  return rationedLogger(logger.child({ plugin }), perSecond, clock, (part) =>
    typeof part === 'object' && part ? foreignFields(part) : part,
  )
}
