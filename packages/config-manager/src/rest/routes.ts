import type { IncomingMessage } from 'node:http'
import { redacted } from '../audit.ts'
import type { ConfigManager } from '../contract.ts'
import { type Item, type ItemDefinitions, isPlainItem, optionalProperties, own } from '../definition.ts'
import type { ChangeOptions } from '../options.ts'
import { jsonFault } from '../python/json.ts'
import { className, pythonRepr, pythonStr } from '../python/names.ts'
import { compatibleFailure, type ExceptionStatuses } from './failures.ts'
import { HttpFailure, readBody, readJson } from './http.ts'
import { fileOfForm } from './multipart.ts'

/** What a route works with. */
export interface RouteContext {
  readonly manager: ConfigManager
  readonly request: IncomingMessage
  readonly query: URLSearchParams
  /** The parts of the path after `category`, decoded. */
  readonly category: string
  readonly item: string
  readonly options: ChangeOptions
  readonly limitBytes: number
  /** Whether upstream's slips are kept: a half-made category, an unmasked default. */
  readonly compatible: boolean
}

/** One route: its method, the shape of its path, its work, and upstream's statuses for what goes wrong. */
export interface Route {
  readonly method: string
  /** Path parts after `/fledge/category`; `:x` is any. */
  readonly path: readonly string[]
  readonly run: (context: RouteContext) => unknown
  readonly statuses: ExceptionStatuses
}

const badRequest: ExceptionStatuses = { ValueError: 400, TypeError: 400, KeyError: 400 }

/** The routes of Fledge 3.1's `/fledge/category`. */
export const routes: readonly Route[] = [
  { method: 'GET', path: [], run: list, statuses: {} },
  { method: 'POST', path: [], run: create, statuses: { ...badRequest, LookupError: 404, asMessage: [500] } },
  { method: 'GET', path: [':c'], run: readCategory, statuses: {} },
  {
    method: 'PUT',
    path: [':c'],
    run: bulk,
    statuses: { ...badRequest, NameError: 404, KeyError: 404, asMessage: [500], forbidden: mayNotChangeAll },
  },
  {
    method: 'DELETE',
    path: [':c'],
    run: removeCategory,
    statuses: { ValueError: 400, TypeError: 400, asMessage: [400, 500] },
  },
  { method: 'GET', path: [':c', 'children'], run: readChildren, statuses: { ValueError: 404 } },
  {
    method: 'POST',
    path: [':c', 'children'],
    run: addChildren,
    statuses: { ValueError: 404, TypeError: 400, asMessage: [500] },
  },
  { method: 'DELETE', path: [':c', 'children', ':i'], run: removeChild, statuses: { ValueError: 404, TypeError: 400 } },
  { method: 'DELETE', path: [':c', 'parent'], run: removeLinks, statuses: { ValueError: 404, TypeError: 400 } },
  { method: 'GET', path: [':c', ':i'], run: readItem, statuses: {} },
  {
    method: 'PUT',
    path: [':c', ':i'],
    run: setItem,
    statuses: { ValueError: 404, TypeError: 400, KeyError: 400, otherwise: 'swallow', forbidden: mayNotChange },
  },
  { method: 'POST', path: [':c', ':i'], run: addItem, statuses: { ...badRequest, NameError: 404, asMessage: [500] } },
  { method: 'DELETE', path: [':c', ':i', 'value'], run: resetItem, statuses: { ValueError: 404, TypeError: 400 } },
  { method: 'POST', path: [':c', ':i', 'upload'], run: upload, statuses: { ...badRequest, asMessage: [500] } },
]

function mayNotChange(category: string, item: string): string {
  return `Insufficient access privileges to change the value for '${category}' category and '${item}' config item.`
}

function mayNotChangeAll(category: string): string {
  return `Insufficient access privileges to change the value for given data for '${category}' category.`
}

function list({ manager, query }: RouteContext) {
  const root = query.get('root')?.toLowerCase()
  if (root !== 'true' && root !== 'false') return { categories: manager.categories() }
  return {
    categories: manager.categories({
      root: root === 'true',
      children: query.get('children')?.toLowerCase() === 'true',
    }),
  }
}

async function create(context: RouteContext) {
  const { manager, query, options, compatible } = context
  const keep = query.get('keep_original_items')?.toLowerCase() || 'false'
  if (keep !== 'true' && keep !== 'false') throw new HttpFailure(compatible ? 500 : 400, 'Internal Server Error')
  const data = await readObject(context)
  for (const needed of ['key', 'description', 'value']) {
    if (!Object.hasOwn(data, needed))
      throw new HttpFailure(400, pythonRepr(`'${needed}' param required to create a category`))
  }
  const { key, description, value, children, display_name: displayName } = data as unknown as CreateBody
  if (compatible && typeof key !== 'string') throw withoutStrip(key)
  if (typeof key === 'string' && key.trim() === '') throw new HttpFailure(400, 'Key should not be empty')
  if (!compatible && Array.isArray(children)) requireCategories(manager, children)
  const isNamed = displayName !== undefined && displayName !== null
  if (compatible && isNamed && typeof displayName !== 'string') throw withoutStrip(displayName)
  const isBlank = typeof displayName === 'string' && displayName.trim() === ''
  const naming = isNamed ? { displayName: isBlank ? key : displayName } : {}
  await manager.register(key, value, { description, ...naming, keepOriginalItems: keep === 'true', ...options })
  const linked = isSomething(children) ? { children: await manager.link(key, children as string[], options) } : {}
  const shown = manager.facts(key)?.displayName
  return { key, description, value: masked(manager.items(key) ?? {}, context), displayName: shown, ...linked }
}

/** What Python says of a value that is no text and is to be stripped. */
function withoutStrip(value: unknown): HttpFailure {
  return new HttpFailure(500, `'${className(value)}' object has no attribute 'strip'`, true)
}

/** The manager itself judges the types of these: the body may hold anything. */
interface CreateBody {
  readonly key: string
  readonly description: string
  readonly value: ItemDefinitions
  readonly children?: unknown
  readonly display_name?: string | null
}

function requireCategories(manager: ConfigManager, names: readonly unknown[]): void {
  const missing = names.find((name) => typeof name !== 'string' || !manager.facts(name))
  if (missing !== undefined) throw new HttpFailure(422, `No such ${pythonStr(missing)} child exist`)
}

/** Python's truth of a JSON value. */
function isSomething(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value)
}

function readCategory(context: RouteContext) {
  const items = context.manager.items(context.category)
  if (!items) throw new HttpFailure(404, `No such Category found for ${context.category}`)
  return masked(items, context)
}

async function bulk(context: RouteContext) {
  const { manager, category, options } = context
  const data = await readAnything(context)
  if (!isSomething(data)) throw new HttpFailure(400, 'Nothing to update')
  if (!isPlainItem(data)) {
    if (!context.compatible) throw new HttpFailure(400, 'Data payload must be a dictionary')
    throw new HttpFailure(500, `'${className(data)}' object has no attribute 'items'`, true)
  }
  for (const name of Object.keys(data)) {
    const item = manager.item(category, name)
    if (!item) throw new HttpFailure(404, pythonRepr(`${name} config item not found`))
    refuseReadonly(item, `Bulk update not allowed for ${name} item_name as it has readonly attribute set`)
  }
  await manager.update(category, data, options)
  return masked(manager.items(category) ?? {}, context)
}

async function removeCategory({ manager, category, options }: RouteContext) {
  await manager.remove(category, options)
  return { result: `Category ${category} deleted successfully.` }
}

function readChildren({ manager, category }: RouteContext) {
  return { categories: manager.children(category) }
}

async function addChildren(context: RouteContext) {
  const { children } = await readObject(context, true)
  return { children: await context.manager.link(context.category, children as never, context.options) }
}

async function removeChild({ manager, category, item, options }: RouteContext) {
  return { children: await manager.unlink(category, item, options) }
}

async function removeLinks({ manager, category, options }: RouteContext) {
  await manager.unlinkAll(category, options)
  return { message: `Parent-child relationship for the parent-${category} is deleted` }
}

function readItem(context: RouteContext) {
  const item = context.manager.item(context.category, context.item)
  if (!item) throw new HttpFailure(404, `No such Category item found for ${context.item}`)
  return maskedItem(item, context)
}

/** Sets the value, or else the first optional property that the body names. */
async function setItem(context: RouteContext) {
  const { manager, category, item, options, compatible } = context
  const data = await readObject(context, true)
  if (Object.hasOwn(data, 'value')) {
    const { value } = data
    if (typeof value !== 'string' && !isPlainItem(value)) {
      throw new HttpFailure(400, `${pythonStr(value)} should be a string literal, in double quotes`)
    }
    const present = manager.item(category, item)
    if (!present && compatible)
      throw new HttpFailure(404, `No detail found for the category_name: ${category} and item_name: ${item}`)
    if (present) refuseReadonly(present, `Update not allowed for ${item} item_name as it has readonly attribute set`)
    await manager.set(category, item, value, options)
  } else {
    const property = Object.keys(data).find((name) => optionalProperties.has(name))
    if (property === undefined) throw new HttpFailure(400, `Missing required value for ${item}`)
    await manager.updateProperty(category, item, property, data[property], options).catch((error) => {
      throw compatible ? (compatibleFailure(error, propertyStatuses, context) ?? error) : error
    })
  }
  return itemAfterwards(context)
}

/** Upstream says 400 of a property where it says 404 of a value. */
const propertyStatuses: ExceptionStatuses = { ...badRequest, otherwise: 'swallow' }

/** What the client sees after a change, also after one that upstream would have swallowed the failure of. */
export function itemAfterwards(context: RouteContext): Item {
  const item = context.manager.item(context.category, context.item)
  if (item) return maskedItem(item, context)
  throw new HttpFailure(
    404,
    `No detail found for the category_name: ${context.category} and config_item: ${context.item}`,
  )
}

async function addItem(context: RouteContext) {
  const { manager, category, item, options, compatible } = context
  const data = await readObject(context)
  const { value, ...definition } = data
  if (compatible && manager.mode === 'strict-fledge') {
    const whole = { ...data, value: value ?? data.default ?? null }
    await manager.addItem(category, item, whole as never, options)
    return { message: `${item} config item has been saved for ${category} category` }
  }
  await manager.addItem(category, item, definition as never, options)
  if (value !== undefined && value !== null) await manager.set(category, item, value, { ...options, privileged: true })
  return { message: `${item} config item has been saved for ${category} category` }
}

async function resetItem(context: RouteContext) {
  const { manager, category, item, options } = context
  const present = manager.item(category, item)
  if (!present)
    throw new HttpFailure(404, `No detail found for the category_name: ${category} and config_item: ${item}`)
  refuseReadonly(present, `Delete not allowed for ${item} item_name as it has readonly attribute set`)
  // Upstream forgets who asks.
  await manager.reset(category, item, context.compatible ? {} : options)
  return itemAfterwards(context)
}

async function upload(context: RouteContext) {
  const { manager, request, category, item, options, limitBytes } = context
  const present = manager.item(category, item)
  if (!present) throw new HttpFailure(404, `No such Category item found for ${item}`)
  const type = own(present, 'type')
  if (type !== 'script') throw new HttpFailure(400, `Accepted config item type is 'script' but found ${type}`)
  const file = fileOfForm(request.headers['content-type'] ?? '', await readBody(request, limitBytes), 'script')
  if (!file) throw new HttpFailure(400, 'Script file is missing')
  if (!file.filename.endsWith('.py')) throw new HttpFailure(400, 'Accepted file extension is .py')
  const value = manager.mode === 'strict-fledge' ? file.bytes.toString('hex') : file.bytes.toString('utf8')
  await manager.set(category, item, value, options)
  return itemAfterwards(context)
}

/** Reads a body that must be an object. `unguarded`: upstream does not look, and fails over what is none. */
async function readObject(context: RouteContext, unguarded = false): Promise<{ readonly [name: string]: unknown }> {
  const data = unguarded && context.compatible ? await readAnything(context, 500) : await readAnything(context)
  if (isPlainItem(data)) return data
  if (unguarded && context.compatible) throw new HttpFailure(500, 'Internal Server Error')
  throw new HttpFailure(400, 'Data payload must be a dictionary')
}

async function readAnything({ request, limitBytes, compatible }: RouteContext, status = 400): Promise<unknown> {
  const body = await readJson(request, limitBytes)
  if ('value' in body) return body.value
  if (status === 500) throw new HttpFailure(status, 'Internal Server Error')
  throw new HttpFailure(status, (compatible && jsonFault(body.text)) || 'The body is not JSON')
}

function refuseReadonly(item: Item, reason: string): void {
  if (own(item, 'readonly') === 'true') throw new HttpFailure(400, reason)
}

function masked(items: { readonly [name: string]: Item }, context: RouteContext): object {
  return Object.fromEntries(Object.entries(items).map(([name, item]) => [name, maskedItem(item, context)]))
}

/** Upstream masks the value of a password and shows its default. */
function maskedItem(item: Item, { compatible }: RouteContext): Item {
  if (own(item, 'type') !== 'password') return item
  const hidden = Object.entries(item).map(([property, value]) => {
    const isSecret = property === 'value' || (property === 'default' && !compatible)
    return [property, isSecret && value !== '' ? redacted : value]
  })
  return Object.fromEntries(hidden)
}
