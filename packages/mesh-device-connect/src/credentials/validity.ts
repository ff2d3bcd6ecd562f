import { X509Certificate } from 'node:crypto'
import { access, readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { messageOf } from '@backplane/core'
import { deviceConnectError } from '../errors.ts'
import { isObject } from '../json.ts'
import { type NatsAuth, type TlsMaterial, unusable } from './file.ts'

/**
 * Checks a JWT and its seed before a broker does, which would only say "no". Gives when the JWT ends, in milliseconds
 * since the epoch; `undefined`: never. Throws `BP_DEVICE_CONNECT_CREDENTIALS_INVALID` or `..._EXPIRED`.
 */
export function checkAuth(auth: NatsAuth, source: string, now: number): number | undefined {
  const { nkeySeed } = auth
  if (nkeySeed !== undefined && !/^SU[A-Z2-7]{56}$/.test(nkeySeed)) {
    throw unusable(source, 'its seed is not that of a user (58 letters, from SU on)')
  }
  if (!('jwt' in auth)) return undefined
  const claims = claimsOf(auth.jwt)
  if (!claims) throw unusable(source, 'its JWT is not three parts of base64 with JSON in them')
  if (typeof claims.exp !== 'number' || claims.exp === 0) return undefined
  const endsAt = claims.exp * 1000
  if (endsAt <= now) throw expired(source, 'JWT', endsAt)
  return endsAt
}

function claimsOf(jwt: string): { readonly exp?: unknown } | undefined {
  const parts = jwt.split('.')
  if (parts.length !== 3) return undefined
  try {
    const claims: unknown = JSON.parse(Buffer.from(parts[1] as string, 'base64url').toString())
    return isObject(claims) ? claims : undefined
  } catch {
    return undefined
  }
}

/**
 * Checks that TLS files and texts are what they should be, and gives them with absolute paths; a relative path is
 * looked up from `cwd`, as upstream does, and else beside the credentials file.
 */
export async function checkTls(
  tls: TlsMaterial,
  { cwd, beside, source, now }: { cwd: string; beside: string | undefined; source: string; now: number },
): Promise<{ readonly tls: TlsMaterial; readonly endsAt: number | undefined }> {
  const checked: { [key: string]: string } = {}
  let endsAt: number | undefined
  for (const part of ['ca', 'cert', 'key'] as const) {
    const named = tls[`${part}File`]
    const file = named === undefined ? undefined : await find(named, cwd, beside)
    const text = file === undefined ? tls[part] : await read(source, part, file)
    if (text === undefined) continue
    const where = file ?? source
    if (part === 'key') {
      if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text))
        throw unusable(where, 'there is no private key in PEM in it')
    } else {
      const end = certificateEnd(text, where, part)
      if (end <= now) throw expired(where, part === 'ca' ? 'certificate of the authority' : 'certificate', end)
      if (part === 'cert') endsAt = end
    }
    if (file === undefined) checked[part] = text
    else checked[`${part}File`] = file
  }
  const has = (part: 'cert' | 'key') => checked[part] !== undefined || checked[`${part}File`] !== undefined
  if (has('cert') !== has('key')) {
    throw unusable(source, has('cert') ? 'it has a certificate but no key for it' : 'it has a key but no certificate')
  }
  return { tls: checked, endsAt }
}

async function find(named: string, cwd: string, beside: string | undefined): Promise<string> {
  if (isAbsolute(named)) return named
  const first = join(cwd, named)
  if (beside === undefined) return first
  const second = join(dirname(beside), named)
  const isThere = async (path: string) =>
    access(path).then(
      () => true,
      () => false,
    )
  return !(await isThere(first)) && (await isThere(second)) ? second : first
}

async function read(source: string, part: 'ca' | 'cert' | 'key', file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    const isAbsent = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    const what = { ca: 'certificate of the authority', cert: 'certificate', key: 'key' }[part]
    throw unusable(source, isAbsent ? `the ${what} that it names is not there: ${file}` : messageOf(cause), cause)
  }
}

function certificateEnd(pem: string, where: string, part: 'ca' | 'cert'): number {
  try {
    return Date.parse(new X509Certificate(pem).validTo)
  } catch (cause) {
    const what = part === 'ca' ? 'certificate of the authority' : 'certificate'
    throw unusable(where, `the ${what} is not one in PEM`, cause)
  }
}

function expired(source: string, what: string, endsAt: number) {
  const details = { source, what, expired: new Date(endsAt).toISOString() }
  return deviceConnectError('BP_DEVICE_CONNECT_CREDENTIALS_EXPIRED', { details })
}
