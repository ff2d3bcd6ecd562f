import { writeSync } from 'node:fs'
import { handshakeError } from '../errors.ts'
import { pluginEnv } from '../handshake/versions.ts'
import { makeCertificate } from '../tls/certificate.ts'
import type { DialTls, ServeTls } from '../wire/wire.ts'
import type { ServePluginInit } from './init.ts'

/** The variables that a host hands to its plugin. */
export type Environment = Readonly<Record<string, string | undefined>>

/** How a plugin's connections are encrypted; nothing of it without TLS. */
export interface PluginTls {
  readonly serve?: ServeTls
  readonly dial?: DialTls
  /** The certificate that the handshake line tells. */
  readonly field?: Buffer
}

/** Ends the process with go-plugin's text when no host started it. */
export function checkCookie({ handshake }: ServePluginInit, env: Environment): void {
  const misconfigured = handshake.cookieKey === '' || handshake.cookieValue === ''
  if (!misconfigured && env[handshake.cookieKey] === handshake.cookieValue) return
  const error = handshakeError(misconfigured ? 'BP_HANDSHAKE_COOKIE_CONFIG' : 'BP_HANDSHAKE_COOKIE')
  writeSync(2, `${error.message}\n`)
  process.exit(1)
}

/** The TLS of the options, or AutoMTLS when the host sent its certificate. */
export function pluginTls({ tls, curve, test }: ServePluginInit, env: Environment): PluginTls {
  if (tls) return { serve: tls }
  const hostCert = env[pluginEnv.clientCert]
  if (hostCert === undefined || hostCert === '' || test) return {}
  const identity = makeCertificate(curve ? { curve } : {})
  return {
    serve: { identity, clientCa: hostCert },
    dial: { ca: hostCert, identity, serverName: 'localhost' },
    field: identity.der,
  }
}
