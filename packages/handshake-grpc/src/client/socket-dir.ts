import { chmodSync, chownSync, lstatSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { messageOf } from '@backplane/core'
import { handshakeError } from '../errors.ts'
import type { PluginAddress } from '../handshake/line.ts'
import { groupId } from '../net/listener.ts'
import { type OwnedFolder, ownedFolder } from '../net/owned-folder.ts'
import type { UnixSocketInit } from './init.ts'

/** Room for the longest name that a plugin gives its socket: `/plugin` and ten digits. */
const nameBytes = 17
/** The beginning of a folder's name; go-plugin's own are called so too. */
const folderName = 'plugin-dir'

/**
 * Makes the private folder of one plugin's sockets, so that a killed plugin leaves none behind. Gives `undefined` where
 * there are no Unix sockets, where it is not wanted, and where a path in it would be too long for a socket.
 */
export function makeSocketDir(init: UnixSocketInit | undefined): OwnedFolder | undefined {
  if (process.platform === 'win32' || init?.dir === false) return undefined
  const prefix = join(init?.dir ?? tmpdir(), folderName)
  if (Buffer.byteLength(prefix) + 6 + nameBytes > 103 && init?.dir === undefined) return undefined
  try {
    const folder = ownedFolder(prefix)
    if (init?.group !== undefined) {
      chownSync(folder.path, -1, groupId(init.group))
      chmodSync(folder.path, 0o770)
    }
    return folder
  } catch (cause) {
    throw handshakeError('BP_HANDSHAKE_LISTEN', { details: { reason: messageOf(cause) }, cause })
  }
}

/** A killed plugin leaves its socket file behind; the folder that was made for it has no other use. */
export function removeSocket({ network, address }: PluginAddress): void {
  if (network !== 'unix') return
  try {
    if (lstatSync(address).isSocket()) rmSync(address, { force: true })
    if (basename(dirname(address)).startsWith(folderName)) rmdirSync(dirname(address))
  } catch {
    // It went with its folder, or the folder holds something else.
  }
}
