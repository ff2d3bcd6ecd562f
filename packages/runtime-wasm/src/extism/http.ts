import { abortedBy, type BackplaneError, coreError, messageOf } from '@backplane/core'
import { wasmError } from '../errors.ts'

/** What a guest asks for. */
export interface HttpRequest {
  readonly url: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What bounds a guest's HTTP. */
export interface HttpInit {
  readonly allowedHosts: readonly string[]
  readonly maxBytes: number
  readonly fetch: typeof fetch
}

const mostHops = 10
/** What belongs to the origin that it was meant for. */
const secret = ['authorization', 'cookie', 'proxy-authorization']

/**
 * Does a guest's HTTP request. Every hop of a redirect is checked against the allowed hosts. Throws
 * `BP_PERMISSION_DENIED`, `BP_WASM_SIZE_LIMIT`, `BP_WASM_BAD_REQUEST` for what the guest asks in a wrong way, and
 * `BP_WASM_HOST_FAILED`.
 */
export async function httpRequest(
  { allowedHosts, maxBytes, fetch }: HttpInit,
  request: HttpRequest,
  body: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const asked = readRequest(request)
  const { headers } = asked
  let { url, method } = asked
  let sent = method === 'GET' || method === 'HEAD' ? undefined : body
  for (let hop = 0; ; hop++) {
    checkHost(url, allowedHosts)
    const answer = await attempt(
      () =>
        fetch(url, { method, headers, redirect: 'manual', signal, ...(sent ? { body: new Uint8Array(sent) } : {}) }),
      signal,
    )
    const location = answer.headers.get('location')
    if (answer.status < 300 || answer.status > 399 || location === null || answer.status === 304) {
      const all = Object.fromEntries(answer.headers)
      return { status: answer.status, headers: all, body: await limited(answer, maxBytes, signal) }
    }
    await answer.body?.cancel().catch(() => {})
    if (hop === mostHops) throw failed(`more than ${mostHops} redirects`)
    const next = redirected(location, url)
    if (next.origin !== url.origin) for (const name of secret) headers.delete(name)
    // As browsers do (Fetch standard, 4.4).
    if (answer.status === 303 || ((answer.status === 301 || answer.status === 302) && method === 'POST')) {
      method = 'GET'
      sent = undefined
      for (const name of ['content-type', 'content-length']) headers.delete(name)
    }
    url = next
  }
}

/** Reads what a guest asks for, as its JSON gives it. Throws `BP_WASM_BAD_REQUEST`. */
function readRequest(request: HttpRequest): { url: URL; method: string; headers: Headers } {
  const given: unknown = request
  if (typeof given !== 'object' || given === null) throw badRequest('the request is no object')
  if (typeof request.url !== 'string') throw badRequest('it names no url')
  let url: URL
  try {
    url = new URL(request.url)
  } catch {
    throw badRequest(`'${request.url}' is not a URL`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw badRequest(`'${url.protocol}' is not HTTP`)
  try {
    // What is no token, or may not be sent, is refused by the platform.
    const { method } = new Request(url, { method: request.method ?? 'GET' })
    return { url, method: method.toUpperCase(), headers: new Headers(request.headers ?? {}) }
  } catch (cause) {
    throw badRequest(messageOf(cause), cause)
  }
}

/** A guest's own fault. */
export function badRequest(reason: string, cause?: unknown): BackplaneError {
  return wasmError('BP_WASM_BAD_REQUEST', { details: { name: 'http_request', reason }, cause })
}

/** Whether a host may be reached: `*` stands for any text. */
export function hostAllowed(hostname: string, allowed: readonly string[]): boolean {
  return allowed.some((pattern) => {
    const escaped = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
    return new RegExp(`^${escaped.join('.*')}$`, 'i').test(hostname)
  })
}

function checkHost(url: URL, allowed: readonly string[]): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw failed(`'${url.protocol}' is not HTTP`)
  if (hostAllowed(url.hostname, allowed)) return
  throw coreError('BP_PERMISSION_DENIED', {
    details: { who: 'The plugin', what: `reach the host ${url.hostname}` },
    next: 'Add the host to its allowed hosts (permissions.network), if that is meant.',
  })
}

async function limited(answer: Response, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let actual = 0
  await attempt(async () => {
    for await (const part of answer.body ?? []) {
      actual += part.length
      if (actual > maxBytes) {
        const details = { what: 'An HTTP answer', actual, value: maxBytes, limit: 'httpBytes' }
        throw wasmError('BP_WASM_SIZE_LIMIT', { details })
      }
      parts.push(part)
    }
  }, signal)
  return Buffer.concat(parts)
}

function redirected(location: string, from: URL): URL {
  try {
    return new URL(location, from)
  } catch {
    throw failed(`'${location}' is not a URL`)
  }
}

async function attempt<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await run()
  } catch (cause) {
    if (signal.aborted) throw abortedBy(signal)
    if ((cause as { code?: string }).code?.startsWith('BP_')) throw cause
    throw failed(messageOf((cause as { cause?: unknown }).cause ?? cause), cause)
  }
}

function failed(reason: string, cause?: unknown) {
  return wasmError('BP_WASM_HOST_FAILED', { details: { name: 'http_request', reason }, cause })
}
