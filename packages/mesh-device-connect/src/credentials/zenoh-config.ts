import { readFile } from 'node:fs/promises'
import type { Messaging } from './messaging.ts'

/** A part of Zenoh's own configuration, as JSON. */
export interface ZenohConfig {
  readonly mode: 'client' | 'peer'
  readonly connect?: { readonly endpoints: readonly string[] }
  readonly scouting?: object
  readonly transport?: object
}

/**
 * Gives Zenoh's configuration for a network: what a bridge (`zenoh-bridge-remote-api -c`) is started with. As upstream
 * does it: no address, a peer that finds others by multicast; any address, a client that speaks to routers alone, so
 * that their access rules hold. It holds secrets: write it where only this user may read.
 */
export async function zenohConfig({ urls, tls }: Pick<Messaging, 'urls' | 'tls'>): Promise<ZenohConfig> {
  if (urls.length === 0) return { mode: 'peer' }
  const material = tls ? await tlsConfig(tls) : undefined
  return {
    mode: 'client',
    connect: { endpoints: urls.map(endpointOf) },
    scouting: { multicast: { enabled: false }, gossip: { enabled: false } },
    ...(material ? { transport: { link: { tls: material } } } : {}),
  }
}

/** Upstream's forms: `zenoh://h:p`, `zenoh+tls://h:p`, `tcp/h:p`, or `h:p` alone; 7447 where no port is named. */
function endpointOf(url: string): string {
  const [, scheme, rest = ''] = /^(zenoh|zenoh\+tls|tls|tcp|udp):\/\/(.*)$/i.exec(url) ?? [undefined, '', url]
  const isTls = scheme === 'zenoh+tls' || scheme === 'tls'
  const address =
    scheme !== '' || !rest.includes('/') ? `${isTls ? 'tls' : scheme === 'udp' ? 'udp' : 'tcp'}/${rest}` : rest
  return /:\d+$/.test(address) ? address : `${address.replace(/\/$/, '')}:7447`
}

async function tlsConfig(tls: NonNullable<Messaging['tls']>): Promise<object> {
  const base64 = async (text: string | undefined, file: string | undefined) =>
    file === undefined ? text && Buffer.from(text).toString('base64') : (await readFile(file)).toString('base64')
  const [ca, cert, key] = await Promise.all([
    base64(tls.ca, tls.caFile),
    base64(tls.cert, tls.certFile),
    base64(tls.key, tls.keyFile),
  ])
  return {
    ...(ca ? { root_ca_certificate_base64: ca } : {}),
    ...(cert && key ? { connect_certificate_base64: cert, connect_private_key_base64: key, enable_mtls: true } : {}),
  }
}
