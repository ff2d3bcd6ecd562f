import { createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BackplaneError, messageOf } from '@backplane/core'
import { handshakeError } from '../errors.ts'
import { bits, bool, der, integer, octets, oid, printable, sequence, set, time } from './der.ts'

/** Curves for AutoMTLS keys. The peer need not use the same. */
export type Curve = 'P-256' | 'P-384' | 'P-521'

/** A certificate with its key. */
export interface Identity {
  /** Certificate as PEM. */
  readonly cert: string
  /** Private key as PEM (PKCS #8). */
  readonly key: string
}

/** Options of {@link makeCertificate}. */
export interface MakeCertificateInit {
  /**
   * Curve of the key. The two sides need not have the same: Go's library makes P-521 and takes any. Peers on BoringSSL
   * (Python grpcio, C++) take no P-521, and a P-256 key is made ten times faster. @default 'P-256'
   */
  readonly curve?: Curve
  /** DNS names of the certificate; the first is its common name. @default ['localhost'] */
  readonly names?: readonly string[]
  /** Organisation in the subject. @default 'HashiCorp', as in go-plugin's own */
  readonly organization?: string
  /** Life in hours, from 30 seconds ago. @default 262980 (thirty years, as go-plugin) */
  readonly validHours?: number
  /** Now, in milliseconds. @default Date.now() */
  readonly now?: number
}

const digests = {
  'P-256': { name: 'sha256', oid: '1.2.840.10045.4.3.2' },
  'P-384': { name: 'sha384', oid: '1.2.840.10045.4.3.3' },
  'P-521': { name: 'sha512', oid: '1.2.840.10045.4.3.4' },
} as const

/**
 * Makes the self-signed certificate that go-plugin's AutoMTLS uses: it is its own authority, for both TLS roles, name
 * `localhost`. Not for servers that strangers reach: nobody but the exact peer should trust it.
 *
 * Same structure as Go's (RFC 5280 extensions in Go's order), made without an openssl binary.
 */
export function makeCertificate(init: MakeCertificateInit = {}): Identity & { readonly der: Buffer } {
  const curve = init.curve ?? 'P-256'
  const names = init.names ?? ['localhost']
  const now = init.now ?? Date.now()
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
  const spki = publicKey.export({ type: 'spki', format: 'der' })
  // Subject key identifier: SHA-1 of the public point (RFC 5280 4.2.1.2), which ends the SPKI.
  const pointBytes = { 'P-256': 65, 'P-384': 97, 'P-521': 133 }[curve]
  const keyId = createHash('sha1')
    .update(spki.subarray(spki.length - pointBytes))
    .digest()
  const name = sequence(
    set(sequence(oid('2.5.4.10'), printable(init.organization ?? 'HashiCorp'))),
    set(sequence(oid('2.5.4.3'), printable(names[0] ?? 'localhost'))),
  )
  const algorithm = sequence(oid(digests[curve].oid))
  const extension = (id: string, critical: boolean, value: Buffer) =>
    sequence(oid(id), ...(critical ? [bool(true)] : []), octets(value))
  const extensions = der(
    0xa3,
    sequence(
      // digitalSignature, keyEncipherment, keyAgreement, keyCertSign
      extension('2.5.29.15', true, bits(Buffer.of(0b10101100), 2)),
      extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.2'), oid('1.3.6.1.5.5.7.3.1'))),
      extension('2.5.29.19', true, sequence(bool(true))),
      extension('2.5.29.14', false, octets(keyId)),
      extension('2.5.29.17', false, sequence(...names.map((dns) => der(0x82, Buffer.from(dns, 'latin1'))))),
    ),
  )
  const body = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    algorithm,
    name,
    sequence(time(new Date(now - 30_000)), time(new Date(now + (init.validHours ?? 262_980) * 3_600_000))),
    name,
    spki,
    extensions,
  )
  const certificate = sequence(body, algorithm, bits(sign(digests[curve].name, body, privateKey)))
  return {
    der: certificate,
    cert: pemOf(certificate),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

/** PEM text of a DER certificate. */
export function pemOf(certificate: Uint8Array): string {
  const lines =
    Buffer.from(certificate)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** What {@link inspectCertificate} tells. */
export interface CertificateFacts {
  readonly subject: string
  readonly issuer: string
  readonly serial: string
  readonly names: readonly string[]
  readonly validFrom: Date
  readonly validTo: Date
  readonly isAuthority: boolean
  readonly selfSigned: boolean
  /** SHA-256 of the DER, lower case hex. */
  readonly fingerprint: string
  /** For instance `ec secp521r1` or `rsa 2048`. */
  readonly key: string
}

/**
 * Tells what is in a certificate (PEM text, DER, or a `file://` address of either).
 *
 * @throws BP_HANDSHAKE_CERTIFICATE
 */
export function inspectCertificate(certificate: string | Uint8Array): CertificateFacts {
  const parsed = parse(typeof certificate === 'string' ? fileValue(certificate) : certificate)
  const details = parsed.publicKey.asymmetricKeyDetails
  return {
    subject: parsed.subject,
    issuer: parsed.issuer,
    serial: parsed.serialNumber,
    names: (parsed.subjectAltName ?? '').split(', ').filter((name) => name !== ''),
    validFrom: new Date(parsed.validFrom),
    validTo: new Date(parsed.validTo),
    isAuthority: parsed.ca,
    selfSigned: parsed.checkIssued(parsed) && parsed.verify(parsed.publicKey),
    fingerprint: createHash('sha256').update(parsed.raw).digest('hex'),
    key: `${parsed.publicKey.asymmetricKeyType ?? 'unknown'} ${details?.namedCurve ?? details?.modulusLength ?? ''}`.trim(),
  }
}

/**
 * Loads a certificate and its key, each PEM text or a `file://` address, and checks that they belong together.
 *
 * @throws BP_HANDSHAKE_CERTIFICATE
 */
export function loadIdentity(init: { readonly cert: string; readonly key: string }): Identity {
  const cert = fileValue(init.cert)
  const key = fileValue(init.key)
  const parsed = parse(cert)
  let matches = false
  try {
    matches = parsed.checkPrivateKey(createPrivateKey(key))
  } catch (cause) {
    throw handshakeError('BP_HANDSHAKE_CERTIFICATE', { details: { reason: `the key: ${messageOf(cause)}` }, cause })
  }
  if (!matches) {
    throw handshakeError('BP_HANDSHAKE_CERTIFICATE', { details: { reason: 'the key belongs to another certificate' } })
  }
  return { cert, key }
}

/**
 * Gives a value as it is, or the contents of the file when it starts with `file://`.
 *
 * @throws BP_HANDSHAKE_CERTIFICATE when the file cannot be read
 */
export function fileValue(value: string): string {
  if (!value.startsWith('file://')) return value
  try {
    return readFileSync(fileURLToPath(value), 'utf8')
  } catch (cause) {
    throw handshakeError('BP_HANDSHAKE_CERTIFICATE', { details: { reason: messageOf(cause) }, cause })
  }
}

function parse(certificate: string | Uint8Array): X509Certificate {
  try {
    return new X509Certificate(certificate)
  } catch (cause) {
    if (cause instanceof BackplaneError) throw cause
    throw handshakeError('BP_HANDSHAKE_CERTIFICATE', { details: { reason: messageOf(cause) }, cause })
  }
}
