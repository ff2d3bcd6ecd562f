import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '@backplane/core'
import { hostError } from './errors.ts'

/**
 * Gives each plugin a folder of its own below `dir`, made when first asked for and readable to this user alone; for
 * `createHost`'s `stateDir`. The gift throws `BP_STATE_UNWRITABLE`, which fails the plugin's load.
 */
export function stateDirs(dir: string): (pluginId: string) => string {
  return (pluginId) => {
    const path = join(dir, pluginId)
    try {
      mkdirSync(path, { recursive: true, mode: 0o700 })
    } catch (cause) {
      throw hostError('BP_STATE_UNWRITABLE', { details: { path, reason: messageOf(cause) }, cause })
    }
    return path
  }
}
