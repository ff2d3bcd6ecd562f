import { chmodSync, chownSync, lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '@backplane/core'
import { handshakeError } from '../errors.ts'
import type { PluginAddress } from '../handshake/line.ts'
import { atExit } from '../net/exit.ts'
import { groupId } from '../net/listener.ts'
import type { UnixSocketInit } from './init.ts'

/** Room for the longest name that a plugin gives its socket: `/plugin` and ten digits. */
const nameBytes = 17

/**
 * Makes the private folder of one plugin's sockets, so that a killed plugin leaves none behind. Gives `undefined` where
 * there are no Unix sockets, where it is not wanted, and where a path in it would be too long for a socket.
 */
export function makeSocketDir(init: UnixSocketInit | undefined): { readonly path: string; remove(): void } | undefined {
  if (process.platform === 'win32' || init?.dir === false) return undefined
  const prefix = join(init?.dir ?? tmpdir(), 'plugin-dir')
  if (Buffer.byteLength(prefix) + 6 + nameBytes > 103 && init?.dir === undefined) return undefined
  try {
    const path = mkdtempSync(prefix)
    if (init?.group !== undefined) {
      chownSync(path, -1, groupId(init.group))
      chmodSync(path, 0o770)
    }
    const clean = () => rmSync(path, { recursive: true, force: true })
    const forget = atExit(clean)
    return {
      path,
      remove() {
        forget()
        clean()
      },
    }
  } catch (cause) {
    throw handshakeError('BP_HANDSHAKE_LISTEN', { details: { reason: messageOf(cause) }, cause })
  }
}

/** A killed plugin leaves its socket file behind. */
export function removeSocket({ network, address }: PluginAddress): void {
  if (network !== 'unix') return
  try {
    if (lstatSync(address).isSocket()) rmSync(address, { force: true })
  } catch {
    // It went with its folder.
  }
}
