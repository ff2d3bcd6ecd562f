import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { inspectCertificate, loadIdentity, makeCertificate } from './certificate.ts'
import { RotatingCertificates } from './rotate.ts'

describe('certificates', () => {
  it.each([
    ['P-256', 'ec prime256v1'],
    ['P-384', 'ec secp384r1'],
    ['P-521', 'ec secp521r1'],
  ] as const)('are made as go-plugin makes them, on %s', (curve, key) => {
    const made = makeCertificate({ curve })
    const facts = inspectCertificate(made.cert)
    expect(facts).toMatchObject({
      subject: 'O=HashiCorp\nCN=localhost',
      issuer: 'O=HashiCorp\nCN=localhost',
      names: ['DNS:localhost'],
      isAuthority: true,
      selfSigned: true,
      key,
    })
    const years = (facts.validTo.getTime() - facts.validFrom.getTime()) / (365.25 * 86_400_000)
    expect(Math.round(years)).toBe(30)
    expect(facts.validTo.getUTCFullYear()).toBeGreaterThanOrEqual(2050)
    expect(new X509Certificate(made.der).toString()).toBe(made.cert)
    expect(loadIdentity(made)).toEqual({ cert: made.cert, key: made.key })
  })

  it('have other serial numbers each time', () => {
    const serials = Array.from({ length: 20 }, () => inspectCertificate(makeCertificate().cert).serial)
    expect(new Set(serials).size).toBe(20)
  })

  it('are read from files, and refused when they do not belong to their key', () => {
    const folder = mkdtempSync(join(tmpdir(), 'certificates-'))
    const [one, two] = [makeCertificate(), makeCertificate()]
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return pathToFileURL(join(folder, name)).href
    }
    const cert = file('cert.pem', one.cert)
    expect(loadIdentity({ cert, key: file('key.pem', one.key) })).toEqual({ cert: one.cert, key: one.key })
    const refused = expect.objectContaining({ code: 'BP_HANDSHAKE_CERTIFICATE' })
    expect(() => loadIdentity({ cert, key: two.key })).toThrow(refused)
    expect(() => loadIdentity({ cert, key: 'nonsense' })).toThrow(refused)
    expect(() => inspectCertificate('file:///nowhere')).toThrow(refused)
    expect(() => inspectCertificate(Buffer.from('nonsense'))).toThrow(refused)
    rmSync(folder, { recursive: true })
  })

  it('are rotated for whoever listens, and what does not load changes nothing', () => {
    const [one, two] = [makeCertificate(), makeCertificate()]
    const certificates = new RotatingCertificates({ ca: one.cert, identity: one })
    const seen: string[] = []
    certificates.addIdentityCertificateListener((update) => seen.push(String(update?.certificate)))
    certificates.update({ ca: two.cert, identity: two })
    expect(() => certificates.update({ ca: one.cert, identity: { cert: one.cert, key: two.key } })).toThrow()
    expect(certificates.current.identity.cert).toBe(two.cert)
    expect(seen).toEqual([one.cert, two.cert])
  })
})
