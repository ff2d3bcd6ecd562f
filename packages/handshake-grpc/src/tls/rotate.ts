import type { experimental } from '@grpc/grpc-js'
import { fileValue, type Identity, loadIdentity } from './certificate.ts'

type Provider = experimental.CertificateProvider
type CaListener = Parameters<Provider['addCaCertificateListener']>[0]
type IdentityListener = Parameters<Provider['addIdentityCertificateListener']>[0]

/** What a {@link RotatingCertificates} holds: PEM texts or `file://` addresses. */
export interface CertificateSet {
  /** Certificates that the peer's must come from. */
  readonly ca: string
  /** This side's own certificate and key. */
  readonly identity: Identity
}

/**
 * Certificates that can be replaced while connections stand: new connections use the new ones, old ones go on. Give it
 * as `certificates` of a TLS configuration. Not needed for AutoMTLS, which makes new certificates at every start.
 *
 * @throws BP_HANDSHAKE_CERTIFICATE
 */
export class RotatingCertificates implements Provider {
  #current: CertificateSet
  readonly #ca = new Set<CaListener>()
  readonly #identity = new Set<IdentityListener>()

  constructor(initial: CertificateSet) {
    this.#current = load(initial)
  }

  /** The certificates in force, read from their files. */
  get current(): CertificateSet {
    return this.#current
  }

  /** Puts new certificates in force; what does not load is refused and the former ones stay. */
  update(next: CertificateSet): void {
    this.#current = load(next)
    for (const listener of this.#ca) listener(this.#caUpdate())
    for (const listener of this.#identity) listener(this.#identityUpdate())
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#ca.add(listener)
    listener(this.#caUpdate())
  }

  removeCaCertificateListener(listener: CaListener): void {
    this.#ca.delete(listener)
  }

  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#identity.add(listener)
    listener(this.#identityUpdate())
  }

  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#identity.delete(listener)
  }

  #caUpdate() {
    return { caCertificate: Buffer.from(this.#current.ca) }
  }

  #identityUpdate() {
    const { cert, key } = this.#current.identity
    return { certificate: Buffer.from(cert), privateKey: Buffer.from(key) }
  }
}

function load(set: CertificateSet): CertificateSet {
  return { ca: fileValue(set.ca), identity: loadIdentity(set.identity) }
}
