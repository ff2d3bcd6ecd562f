import type { IncomingMessage, ServerResponse } from 'node:http'
import { parseJson, stringifyJson } from '@backplane/core/json'

/** A request that cannot be served, as HTTP says it. */
export class HttpFailure extends Error {
  readonly status: number
  /** Answers with `{ message }` in place of plain text: a few of upstream's routes do. */
  readonly asMessage: boolean

  constructor(status: number, reason: string, asMessage = false) {
    super(reason)
    this.name = 'HttpFailure'
    this.status = status
    this.asMessage = asMessage
  }
}

/** Reads a body of at most so many bytes. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limitBytes) throw new HttpFailure(413, 'Request Entity Too Large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Reads a JSON body; `undefined` with the text where it is none. */
export async function readJson(
  request: IncomingMessage,
  limitBytes: number,
): Promise<{ readonly value: unknown } | { readonly text: string }> {
  const text = (await readBody(request, limitBytes)).toString('utf8')
  try {
    return { value: parseJson(text) }
  } catch {
    return { text }
  }
}

/** Answers with JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: { readonly [name: string]: string } = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
  response.end(stringifyJson(body))
}

/** Answers with a reason phrase and, like aiohttp, `status: reason` as the body. */
export function sendReason(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, reasonPhrase(reason), { 'content-type': 'text/plain; charset=utf-8' })
  response.end(`${status}: ${reason}`)
}

/** Answers with a reason phrase and `{ message }`, which aiohttp calls plain text all the same. */
export function sendMessage(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, reasonPhrase(reason), { 'content-type': 'text/plain; charset=utf-8' })
  response.end(JSON.stringify({ message: reason }))
}

/** A reason phrase is one line of bytes; aiohttp sends UTF-8 there. */
function reasonPhrase(reason: string): string {
  const line = Buffer.from(reason.replace(/[\r\n]+/g, ' '), 'utf8').toString('latin1')
  return [...line].filter((char) => char === '\t' || (char >= ' ' && char !== '\x7f')).join('')
}
