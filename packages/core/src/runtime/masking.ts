import type { Logger } from '../contracts/logger.ts'
import { BackplaneError } from '../errors.ts'
import { filteredLogger } from '../filtered-logger.ts'
import { lenientReplacer } from '../json/numbers.ts'

/** What stands in for a secret, as in configuration. */
const mask = '****'

const secretWords = new RegExp(
  [
    '(?:^|_)(?:pass|pwd|pin|otp|auth|dsn|sas|jwt|psk)$',
    'pass(?:word|wd|phrase|code)$',
    'secret|credential|cookie|bearer|authorization|webhook|(?:^|_)nkey|connection_?string',
    'token$|(?:nats|signing|wallet)_seed$|session_?id$',
    '(?:api|access|private|auth|sign(?:ing)?|encryption|master|shared|account|storage|ssh|license|hmac|aes)_?key$',
  ].join('|'),
)

/** What is said about a secret, rather than the secret itself. */
const aboutSecrets = /^(?:max|min|num|total)_|_(?:file|path|url|uri|name|type|id|ttl|length|expiry|expires(?:_in)?)$/

/**
 * Tells whether what has this name is a secret: `API_KEY`, `apiKey`, `db.password`, `x-auth-token`; not
 * `tokens_per_second`.
 */
export function isSecretName(name: string): boolean {
  if (name.length > 200) return false
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase()
  if (/session_?id$/.test(words)) return true
  return !aboutSecrets.test(words) && secretWords.test(words.replace(/(?:_?\d+|(?<!s)s)$/, ''))
}

/**
 * Text without what is a secret by its form or by the name before it: the password of an address, what follows
 * `password=`, `--token` or `Authorization:`, and keys that say themselves what they are (PEM, JSON web tokens, seeds
 * of NATS). What it cannot know is a secret that stands alone.
 */
export function maskText(text: string): string {
  const plain = text
    .replace(/-----BEGIN ([A-Z ]{0,40}(?:PRIVATE KEY|NKEY SEED))-----[\s\S]*?(?:-----END \1-----|$)/g, mask)
    .replace(/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/@:'"]*(?::[^\s/@'"]*)?@/gi, `$1${mask}@`)
    .replace(/(?<![\w-])eyJ[\w-]{10,}\.[\w-]+(?:\.[\w-]*)?/g, mask)
    .replace(/\bS[UAONCX][A-Z2-7]{50,60}\b/g, mask)
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${mask}`)
  let masked = ''
  let from = 0
  for (const { 0: match, 2: name = '', 3: option = '', index } of plain.matchAll(named)) {
    const at = index + match.length
    if (index < from || !isSecretName(name || option)) continue
    valueAt.lastIndex = at
    const [value = ''] = valueAt.exec(plain) ?? []
    // The scheme of an authorization is none; what follows it is hidden already.
    if (value === '' || value.includes(mask) || /^(?:bearer|basic)$/i.test(value)) continue
    const edge = /^["']/.exec(value)?.[0] ?? ''
    masked += `${plain.slice(from, at)}${edge}${mask}${edge}`
    from = at + value.length
  }
  return masked + plain.slice(from)
}

/** `name=`, `"name": ` and `--name `, up to where the value begins. */
const named = /(["']?)(?<![\w.-])([\w.-]{2,80})\1\s{0,4}[=:]\s{0,4}|(?<![\w.-])(--?[\w.-]{2,80})\s(?=[^\s-])/g
const valueAt = /"[^"]*"|'[^']*'|[^\s,;&"'}\])]+/y

/**
 * A value of JSON without secrets: by name (`api_key`), by type (the value and default of a password item), by form
 * ({@link maskText}), after an option (`['--token', …]`), and every value of an environment. Bytes stay as they are.
 */
export function maskValue(value: unknown): unknown {
  return walk(value, false, 0)
}

function walk(value: unknown, isSecret: boolean, depth: number): unknown {
  if (typeof value === 'string') return isSecret ? value && mask : maskText(value)
  if (typeof value === 'number' || typeof value === 'bigint') return isSecret ? mask : value
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value
  if (depth > 50) return mask
  if (value instanceof Error) return maskError(value)
  if (Array.isArray(value)) return value.map((one, at) => walk(one, isSecret || isOption(value[at - 1]), depth + 1))
  if (Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null) return value
  const fields = value as { readonly [name: string]: unknown }
  // A definition (of a configuration item, of a parameter) has a secret in its values alone.
  const isDefinition = typeof fields.type === 'string'
  const isPassword = isSecret || fields.type === 'password' || fields.format === 'password'
  const masked = Object.entries(fields).map(([name, one]) => {
    const isHeld = isDefinition ? isPassword && definitionValues.has(name) : isSecret
    return [name, isEnvironment(name, one) ? environment(one) : walk(one, isHeld || isSecretName(name), depth + 1)]
  })
  return Object.fromEntries(masked)
}

const definitionValues = new Set(['value', 'default', 'const', 'enum', 'examples'])

function isOption(word: unknown): boolean {
  return typeof word === 'string' && /^--?[\w.-]+$/.test(word) && isSecretName(word)
}

function isEnvironment(name: string, value: unknown): value is object {
  return /^env(?:ironment)?$/i.test(name) && typeof value === 'object' && value !== null
}

/** Names are shown, values are not: any of them may be a secret. A list is one of names, or of `NAME=value`. */
function environment(value: object): unknown {
  if (Array.isArray(value)) {
    return value.map((one) => (typeof one === 'string' ? one.replace(/=[\s\S]+/, `=${mask}`) : maskValue(one)))
  }
  return Object.fromEntries(Object.keys(value).map((name) => [name, mask]))
}

/** How far back the causes of an error are kept: they may go round in a circle. */
const mostCauses = 8

/** An error whose texts, details and causes hold no secret; the same one where there is nothing to hide. */
export function maskError<E extends Error>(error: E): E | BackplaneError | Error {
  return withoutSecrets(error, mostCauses)
}

function withoutSecrets<E extends Error>(error: E, causes: number): E | BackplaneError | Error {
  const cause = causeOf(error, causes)
  if (error instanceof BackplaneError) {
    const said = error.toJSON()
    const masked = maskValue({ ...said }) as unknown as typeof said
    const isClean = JSON.stringify(masked, lenientReplacer) === JSON.stringify(said, lenientReplacer)
    if (isClean && cause === error.cause) return error
    const made = new BackplaneError(masked.code, masked, { ...masked, cause })
    return Object.assign(made, { stack: stackOf(error) })
  }
  const message = maskText(error.message)
  const stack = stackOf(error)
  if (message === error.message && stack === error.stack && cause === error.cause) return error
  const copy = Object.assign(Object.create(Object.getPrototypeOf(error)), error, { name: error.name, message, stack })
  if (cause !== undefined) Object.defineProperty(copy, 'cause', { value: cause, writable: true, configurable: true })
  return copy
}

function stackOf({ stack }: Error): string | undefined {
  return stack === undefined ? undefined : maskText(stack)
}

function causeOf({ cause }: Error, causes: number): unknown {
  if (cause instanceof Error) return causes > 0 ? withoutSecrets(cause, causes - 1) : undefined
  return typeof cause === 'string' ? maskText(cause) : cause
}

/**
 * A logger that passes records on without secrets, no matter who wrote them: {@link maskText} and {@link maskValue}.
 */
export function maskingLogger(logger: Logger): Logger {
  return filteredLogger(logger, (part) => maskValue(part))
}
