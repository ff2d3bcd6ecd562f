import { randomInt } from 'node:crypto'
import { chmodSync, chownSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '@backplane/core'
import { handshakeError } from '../errors.ts'
import type { PluginAddress } from '../handshake/line.ts'
import { pluginEnv } from '../handshake/versions.ts'
import { atExit } from './exit.ts'

/** Where a listener may be. */
export interface ListenInit {
  /** @default 'unix', and 'tcp' on Windows, where Node has no Unix sockets */
  readonly network?: 'unix' | 'tcp'
  /** Folder of the socket. @default the system's folder for temporary files */
  readonly dir?: string
  /** Name or number of the group that may use the socket (mode 0660 then). */
  readonly group?: string
  /** First port to try on TCP; 0 with `maxPort` 0 lets the system choose. @default 0 */
  readonly minPort?: number
  /** Last port to try on TCP. @default 0 */
  readonly maxPort?: number
}

/** A listener that hands its connections to its user. */
export interface Listener extends AsyncDisposable {
  readonly address: PluginAddress
  close(): Promise<void>
}

/** `sun_path` holds 108 bytes on Linux and 104 elsewhere, the closing zero included. */
const socketPathLimit = process.platform === 'linux' ? 107 : 103

/**
 * Reads what the host said about listeners in a plugin's environment.
 *
 * @throws BP_HANDSHAKE_LISTEN with go-plugin's texts when the ports are not usable
 */
export function listenInitFromEnv(
  env: Readonly<Record<string, string | undefined>>,
  network: 'unix' | 'tcp' | undefined,
): ListenInit {
  const kind = network ?? defaultNetwork()
  if (kind === 'unix') {
    const dir = env[pluginEnv.socketDir]
    const group = env[pluginEnv.socketGroup]
    return { network: kind, ...(dir && { dir }), ...(group && { group }) }
  }
  const minPort = port(env, pluginEnv.minPort)
  const maxPort = port(env, pluginEnv.maxPort)
  if (minPort > maxPort) {
    throw handshakeError('BP_HANDSHAKE_LISTEN', {
      message: `${pluginEnv.minPort} value of ${minPort} is greater than ${pluginEnv.maxPort} value of ${maxPort}`,
    })
  }
  return { network: kind, minPort, maxPort }
}

/** Unix sockets wherever Node has them. */
function defaultNetwork(): 'unix' | 'tcp' {
  return process.platform === 'win32' ? 'tcp' : 'unix'
}

function port(env: Readonly<Record<string, string | undefined>>, name: string): number {
  const text = env[name] ?? ''
  if (text === '') return 0
  const value = Number(text)
  if (/^\d+$/.test(text) && value <= 65_535) return value
  throw handshakeError('BP_HANDSHAKE_LISTEN', { message: `couldn't get value from ${name}: "${text}" is not a port` })
}

/**
 * Opens a listener. Its socket file goes when it closes, and when this process exits without closing it.
 *
 * @throws BP_HANDSHAKE_LISTEN, BP_HANDSHAKE_SOCKET_PATH
 */
export async function openListener(init: ListenInit, onConnection: (socket: Socket) => void): Promise<Listener> {
  const server = createServer({ noDelay: true }, (socket) => {
    // A host that only looks whether somebody is there connects and leaves at once.
    socket.on('error', () => socket.destroy())
    onConnection(socket)
  })
  if ((init.network ?? defaultNetwork()) === 'tcp') return onTcp(server, init)
  return onUnix(server, init)
}

async function onUnix(server: Server, init: ListenInit): Promise<Listener> {
  const path = join(init.dir ?? tmpdir(), `plugin${randomInt(2 ** 32)}`)
  const bytes = Buffer.byteLength(path)
  if (bytes > socketPathLimit) {
    throw handshakeError('BP_HANDSHAKE_SOCKET_PATH', { details: { path, bytes, limit: socketPathLimit } })
  }
  await listen(server, { path }).catch((cause: unknown) => {
    throw handshakeError('BP_HANDSHAKE_LISTEN', { details: { reason: messageOf(cause) }, cause })
  })
  if (init.group !== undefined) {
    try {
      chownSync(path, -1, groupId(init.group))
      chmodSync(path, 0o660)
    } catch (cause) {
      server.close()
      throw handshakeError('BP_HANDSHAKE_LISTEN', { details: { reason: messageOf(cause) }, cause })
    }
  }
  const forget = atExit(() => rmSync(path, { force: true }))
  return listener(server, { network: 'unix', address: path }, forget)
}

async function onTcp(server: Server, init: ListenInit): Promise<Listener> {
  const min = init.minPort ?? 0
  const max = init.maxPort ?? 0
  for (let candidate = min; candidate <= max; candidate++) {
    try {
      await listen(server, { host: '127.0.0.1', port: candidate })
    } catch {
      continue
    }
    const bound = server.address()
    if (bound !== null && typeof bound === 'object') {
      return listener(server, { network: 'tcp', address: `127.0.0.1:${bound.port}` }, () => {})
    }
  }
  throw handshakeError('BP_HANDSHAKE_LISTEN', {
    message: "couldn't bind plugin TCP listener",
    details: { reason: `no free port from ${min} to ${max}` },
  })
}

function listen(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    // For as long as it lives: a connection that cannot be accepted (no descriptors left) is told here too.
    server.on('error', reject)
    server.listen(where, () => resolve())
  })
}

function listener(server: Server, address: PluginAddress, forget: () => void): Listener {
  let closing: Promise<void> | undefined
  // The connections belong to their users: only the listening ends here, so nothing waits for them.
  const close = () => {
    closing ??= new Promise<void>((resolve) => {
      forget()
      server.close()
      setImmediate(resolve)
    })
    return closing
  }
  return { address, close, [Symbol.asyncDispose]: close }
}

/**
 * The number of a group given by number or name.
 *
 * @throws BP_HANDSHAKE_LISTEN when there is no such group
 */
export function groupId(group: string): number {
  if (/^\d+$/.test(group)) return Number(group)
  let text = ''
  try {
    text = readFileSync('/etc/group', 'utf8')
  } catch {
    // No such file: the error below says what is missing.
  }
  const entry = text.split('\n').find((line) => line.startsWith(`${group}:`))
  const id = entry?.split(':')[2]
  if (id !== undefined) return Number(id)
  throw handshakeError('BP_HANDSHAKE_LISTEN', { details: { reason: `group ${group} is not known here` } })
}
