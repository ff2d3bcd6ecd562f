import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ConfigManager } from '../contract.ts'
import type { ChangeOptions, ConfigActor } from '../options.ts'
import { compatibleFailure, sendCompatible, sendCorrected } from './failures.ts'
import { HttpFailure, sendJson } from './http.ts'
import { itemAfterwards, type Route, type RouteContext, routes } from './routes.ts'

/** What a handler of the Fledge routes is made with. */
export interface FledgeRestInit {
  /**
   * `corrected`: 400, 403, 404, 409, 422 with a problem document that names everything that is wrong, ETags and
   * `If-Match`. `compatible`: upstream's statuses and reason phrases, its slips included, for clients that count on
   * them.
   * @default 'corrected'
   */
  readonly errors?: 'corrected' | 'compatible'
  /**
   * Says who the caller is; the actor that it gives is bound by the items' permissions. Authentication is done before.
   * @default nobody: no permission is checked
   */
  readonly actor?: (request: IncomingMessage) => ConfigActor | undefined
  /** What every path begins with. @default '/fledge' */
  readonly basePath?: string
  /** The largest body that is read, in bytes. @default 1048576 */
  readonly limitBytes?: number
}

/** Serves one request if it is one of these routes, and tells whether it was. Never rejects. */
export type FledgeRestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

/**
 * Makes a handler of Fledge's configuration routes (`/fledge/category...`) for any Node HTTP server. It authenticates
 * nobody: put it behind what does.
 */
export function fledgeRest(manager: ConfigManager, init: FledgeRestInit = {}): FledgeRestHandler {
  const { errors = 'corrected', basePath = '/fledge', limitBytes = 1_048_576 } = init
  const base = `${basePath}/category`
  const compatible = errors === 'compatible'
  return async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://host')
    const parts = partsBelow(url.pathname, base)
    if (!parts) return false
    const route = routes.find((candidate) => fits(candidate, request.method, parts))
    if (!route) return false
    const options = optionsOf(request, init, compatible)
    const context: RouteContext = {
      manager,
      request,
      query: url.searchParams,
      category: parts[0] ?? '',
      item: itemOf(route, parts),
      options,
      limitBytes,
      compatible,
    }
    try {
      await manager.start()
      sendJson(response, 200, await route.run(context), compatible ? {} : tag(manager, context.category))
    } catch (error) {
      if (compatible) fail(route, context, response, error)
      else sendCorrected(response, error)
    }
    return true
  }
}

function fail(route: Route, context: RouteContext, response: ServerResponse, error: unknown): void {
  try {
    const failure = compatibleFailure(error, route.statuses, context)
    if (failure) sendCompatible(response, failure)
    else sendJson(response, 200, itemAfterwards(context))
  } catch (reason) {
    sendCompatible(response, reason instanceof HttpFailure ? reason : new HttpFailure(500, 'Internal Server Error'))
  }
}

function partsBelow(path: string, base: string): readonly string[] | undefined {
  if (path !== base && !path.startsWith(`${base}/`)) return undefined
  try {
    return path
      .slice(base.length)
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent)
  } catch {
    return undefined
  }
}

function fits(route: Route, method: string | undefined, parts: readonly string[]): boolean {
  return (
    route.method === method &&
    route.path.length === parts.length &&
    route.path.every((part, index) => part.startsWith(':') || part === parts[index])
  )
}

function itemOf(route: Route, parts: readonly string[]): string {
  return parts[route.path.indexOf(':i')] ?? ''
}

function optionsOf(request: IncomingMessage, { actor }: FledgeRestInit, compatible: boolean): ChangeOptions {
  const by = actor?.(request)
  const match = /^"?(\d+)"?$/.exec(request.headers['if-match'] ?? '')
  return { ...(by ? { actor: by } : {}), ...(match && !compatible ? { revision: Number(match[1]) } : {}) }
}

function tag(manager: ConfigManager, category: string): { readonly [name: string]: string } {
  const revision = manager.facts(category)?.revision
  return revision === undefined ? {} : { etag: `"${revision}"` }
}
