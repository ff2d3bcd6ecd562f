import { X509Certificate } from 'node:crypto'
import { handshakeError } from '../errors.ts'

/** Where a peer listens: a socket path for `unix`, `host:port` for `tcp`. */
export interface PluginAddress {
  readonly network: 'unix' | 'tcp'
  readonly address: string
}

/** The one line that a plugin prints on stdout, as data. */
export interface HandshakeLine extends PluginAddress {
  /** Version of the application's own protocol, as negotiated. */
  readonly appVersion: number
  /** `grpc`, or `netrpc` when the field is missing. */
  readonly protocol: string
  /** DER of the certificate that the plugin made for AutoMTLS. */
  readonly serverCert?: Buffer
  /** Whether the plugin offers a multiplexed broker; `undefined` when it does not know the feature. */
  readonly multiplex?: boolean
}

/** What a host requires of a line; see {@link parseHandshakeLine}. */
export interface HandshakeRules {
  /** Application versions that the host has. */
  readonly versions: readonly number[]
  /** Protocols that the host speaks. @default ['grpc'] */
  readonly protocols?: readonly string[]
  /** The host asked for a multiplexed broker. @default false */
  readonly multiplex?: boolean
  /** Rewrites the address between the application version check and the network check (custom runners). */
  readonly translate?: (network: string, address: string) => { readonly network: string; readonly address: string }
}

const core = 1
const goInteger = /^[+-]?\d+$/
const goTrue = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const goFalse = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/** Reads the texts that Go's strconv.ParseBool takes; anything else is `undefined`. */
export function parseGoBool(text: string): boolean | undefined {
  if (goTrue.has(text)) return true
  if (goFalse.has(text)) return false
  return undefined
}

/**
 * Reads a handshake line with go-plugin's rules, in go-plugin's order of checks. It wants the whole line:
 * `pluginClient` gathers it from bytes as they arrive.
 *
 * Four fields are read as `netrpc` (old plugins), a sixth field of 50 characters or fewer is ignored (old plugins put
 * junk there), fields after the seventh are ignored.
 *
 * @throws BP_HANDSHAKE_LINE, BP_HANDSHAKE_CORE_VERSION, BP_HANDSHAKE_APP_VERSION, BP_HANDSHAKE_ADDRESS,
 * BP_HANDSHAKE_PROTOCOL, BP_HANDSHAKE_CERT, BP_HANDSHAKE_MUX
 */
export function parseHandshakeLine(text: string, rules: HandshakeRules): HandshakeLine {
  const line = text.trim()
  const parts = line.split('|')
  if (parts.length < 4) throw handshakeError('BP_HANDSHAKE_LINE', { details: { line } })
  const [coreText = '', appText = '', rawNetwork = '', rawAddress = ''] = parts
  const coreVersion = integer(coreText)
  if (coreVersion === undefined) {
    throw handshakeError('BP_HANDSHAKE_LINE', {
      message: `error parsing core protocol version: "${coreText}" is not a number; the line was: ${line}`,
      details: { line },
    })
  }
  if (coreVersion !== core) throw handshakeError('BP_HANDSHAKE_CORE_VERSION', { details: { version: coreText, line } })
  const appVersion = integer(appText)
  if (appVersion === undefined) {
    throw handshakeError('BP_HANDSHAKE_LINE', {
      message: `Error parsing protocol version "${appText}": not a number`,
      details: { line },
    })
  }
  if (!rules.versions.includes(appVersion)) {
    throw handshakeError('BP_HANDSHAKE_APP_VERSION', {
      details: { version: appVersion, versions: rules.versions.join(' '), line },
    })
  }
  const where = rules.translate?.(rawNetwork, rawAddress) ?? { network: rawNetwork, address: rawAddress }
  const address = parsePluginAddress(where.network, where.address)
  const protocol = parts.length > 4 ? (parts[4] ?? '') : 'netrpc'
  const protocols = rules.protocols ?? ['grpc']
  if (!protocols.includes(protocol)) {
    throw handshakeError('BP_HANDSHAKE_PROTOCOL', { details: { protocol, supported: protocols.join(' '), line } })
  }
  const serverCert = certificate(parts[5] ?? '')
  const multiplex = multiplexField(parts[6], rules.multiplex ?? false)
  return {
    appVersion,
    ...address,
    protocol,
    ...(serverCert && { serverCert }),
    ...(multiplex !== undefined && { multiplex }),
  }
}

/**
 * Checks that an address can be dialed: a path for `unix`, `host:port` for `tcp`.
 *
 * @throws BP_HANDSHAKE_ADDRESS
 */
export function parsePluginAddress(network: string, address: string): PluginAddress {
  if (network === 'unix' && address !== '' && !address.includes('\0')) return { network, address }
  if (network === 'tcp') {
    const port = /^(?:[^:[\]]*|\[[0-9a-fA-F:.%\w]+\]):(\d{1,5})$/.exec(address)?.[1]
    if (port !== undefined && Number(port) > 0 && Number(port) < 65_536) return { network, address }
  }
  throw handshakeError('BP_HANDSHAKE_ADDRESS', { details: { network, address } })
}

/** Splits a checked `tcp` address for `net.connect`; an empty host is this machine. */
export function splitHostPort(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[|\]$/g, '')
  return { host: host === '' ? '127.0.0.1' : host, port: Number(address.slice(at + 1)) }
}

/**
 * Writes a handshake line, newline included. `multiplex` prints the seventh field: give it only when the host asked,
 * since hosts before v1.6 read six fields and take the rest as part of the certificate.
 *
 * @throws BP_HANDSHAKE_CONFIG when a field cannot be written: no escaping exists for `|` and line ends
 */
export function formatHandshakeLine(line: HandshakeLine): string {
  // Go's decoder takes the standard alphabet without padding and nothing else.
  const cert = line.serverCert ? line.serverCert.toString('base64').replace(/=+$/, '') : ''
  const fields = [String(core), String(line.appVersion), line.network, line.address, line.protocol, cert]
  if (line.multiplex !== undefined) fields.push(String(line.multiplex))
  const bad = fields.find((field) => /[|\r\n]/.test(field))
  if (bad !== undefined) {
    throw handshakeError('BP_HANDSHAKE_CONFIG', { details: { reason: `"${bad}" cannot stand in a handshake line` } })
  }
  return `${fields.join('|')}\n`
}

/** Longest first line that is read: Go's scanner gives up at the same length. */
export const maxLineBytes = 64 * 1024

/**
 * Finds the first line in bytes as they come, however they are cut. Bytes after the line are not kept.
 */
export class FirstLine {
  #held: Buffer[] = []
  #length = 0
  #done = false

  /** Takes a piece; gives the line without its newline once it is complete, and `undefined` before and after that. */
  push(chunk: Buffer): string | undefined {
    if (this.#done) return undefined
    const end = chunk.indexOf(0x0a)
    const piece = end === -1 ? chunk : chunk.subarray(0, end)
    this.#length += piece.length
    if (this.#length > maxLineBytes) {
      const start = this.#take(piece).slice(0, 200)
      throw handshakeError('BP_HANDSHAKE_LINE', {
        message: `Unrecognized remote plugin message: ${start}... (more than ${maxLineBytes} bytes without a line end)`,
        details: { line: start },
      })
    }
    if (end !== -1) return this.#take(piece)
    this.#held.push(Buffer.from(piece))
    return undefined
  }

  /** What has come so far without a line end, for a stream that stops; Go reads that as a line too. */
  end(): string | undefined {
    if (this.#done || this.#length === 0) return undefined
    return this.#take(Buffer.alloc(0))
  }

  #take(last: Buffer): string {
    const text = Buffer.concat([...this.#held, last]).toString('utf8')
    this.#done = true
    this.#held = []
    return text
  }
}

function integer(text: string): number | undefined {
  if (!goInteger.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

function certificate(field: string): Buffer | undefined {
  if (field.length <= 50) return undefined
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(field)) {
    const at = field.search(/[^A-Za-z0-9+/]/)
    throw handshakeError('BP_HANDSHAKE_CERT', { details: { reason: `illegal base64 data at input byte ${at}` } })
  }
  const der = Buffer.from(field, 'base64')
  try {
    return new X509Certificate(der).raw
  } catch (cause) {
    throw handshakeError('BP_HANDSHAKE_CERT', { details: { reason: 'not an X.509 certificate' }, cause })
  }
}

function multiplexField(field: string | undefined, wanted: boolean): boolean | undefined {
  if (!wanted) return field === undefined ? undefined : parseGoBool(field)
  if (field === undefined) {
    const hint = '; for Go plugins, you will need to update the github.com/hashicorp/go-plugin dependency and recompile'
    throw handshakeError('BP_HANDSHAKE_MUX', { details: { hint } })
  }
  const value = parseGoBool(field)
  if (value === undefined) {
    throw handshakeError('BP_HANDSHAKE_MUX', {
      message: `error parsing "${field}" as a boolean for gRPC broker multiplexing support`,
      details: { hint: '' },
    })
  }
  if (!value) throw handshakeError('BP_HANDSHAKE_MUX', { details: { hint: '' } })
  return value
}
