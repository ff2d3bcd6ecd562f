import { isDeepStrictEqual } from 'node:util'
import type { BackplaneError } from '@backplane/core'
import { categoryOf } from '../src/category.ts'
import type { ConfigManager } from '../src/contract.ts'
import type { FledgeFailure } from '../src/findings.ts'
import { configManager } from '../src/manager.ts'
import { memoryStore } from '../src/memory-store.ts'

/** One recorded operation and what Fledge's manager answered. */
interface VectorOp {
  readonly op: string
  readonly args: Readonly<Record<string, unknown>>
  readonly observe: {
    readonly result?: unknown
    readonly error?: { readonly class: string; readonly message?: string; readonly match: 'exact' | 'class' | 'any' }
    readonly callbacks?: readonly unknown[]
    readonly auditCount?: number
  }
}

/** One recorded case. */
export interface VectorCase {
  readonly id: string
  readonly group: string
  readonly tags?: readonly string[]
  readonly ops: readonly VectorOp[]
  readonly final: {
    readonly categories: Readonly<Record<string, unknown>>
    readonly children: readonly (readonly [string, string])[]
    readonly audit: readonly unknown[]
    readonly callbacks: readonly unknown[]
  }
}

/** The failure that a test callback makes, named as the vectors name it. */
class CallbackError extends Error {
  override readonly name = 'CallbackError'
}

type Callback = {
  readonly apply: (event: {
    readonly category: string
    readonly kind: string
    readonly children?: readonly string[]
  }) => void
}

/** Replays one case on a fresh manager in strict mode; gives every difference as a line. */
export async function replay(vector: VectorCase): Promise<string[]> {
  const differences: string[] = []
  const store = memoryStore()
  const calls: unknown[] = []
  const callbacks = new Map<string, Callback>()
  await using manager = configManager({ store, mode: 'strict-fledge', auditsSecrets: true })()
  await manager.start()
  const callbackOf = (name: unknown, isChild: boolean): Callback | null => {
    if (name === null) return null
    const key = `${isChild}${name}`
    const callback = callbacks.get(key) ?? { apply: (event) => record(calls, String(name), event, isChild) }
    callbacks.set(key, callback)
    return callback
  }
  for (const [index, step] of vector.ops.entries()) {
    const from = { calls: calls.length, audit: manager.audit().length }
    const say = (what: string, expected: unknown, actual: unknown) => {
      if (isDeepStrictEqual(plain(expected), plain(actual))) return
      differences.push(
        `${vector.id} op ${index} ${step.op} ${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
      )
    }
    const { observe } = step
    try {
      const result = await perform(manager, step, callbackOf)
      if (observe.error) say('error', observe.error, { result })
      else if (!isStorageReply(observe.result)) say('result', observe.result, result ?? null)
    } catch (error) {
      if (observe.error) compareError(observe.error, error, say)
      else say('result', observe.result, { error: String((error as Error).stack) })
    }
    say('callbacks', sorted(observe.callbacks ?? []), sorted(calls.slice(from.calls)))
    say('auditCount', observe.auditCount ?? 0, manager.audit().length - from.audit)
  }
  const say = (what: string, expected: unknown, actual: unknown) => {
    if (isDeepStrictEqual(plain(expected), plain(actual))) return
    differences.push(`${vector.id} final ${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
  }
  const { categories, children } = await stateOf(store)
  say('categories', itemOrder(vector.final.categories), itemOrder(categories))
  say('children', byParent(vector.final.children), byParent(children))
  say(
    'audit',
    vector.final.audit,
    manager.audit().map(({ code, details }) => ({ code, details })),
  )
  return differences
}

async function perform(
  manager: ConfigManager,
  { op, args }: VectorOp,
  callbackOf: (name: unknown, isChild: boolean) => Callback | null,
): Promise<unknown> {
  const a = args as never as Record<string, never>
  switch (op) {
    case 'register':
      await registerOne(manager, args)
      return null
    case 'registerMany':
      for (const one of args.categories as Record<string, unknown>[]) await registerOne(manager, one)
      return null
    case 'setValue':
      await manager.set(a.category as never, a.item as never, a.value, actorOf(args))
      return null
    case 'setValues':
      await manager.update(a.category as never, a.values as never, actorOf(args))
      return null
    case 'setOptional':
      await manager.updateProperty(a.category as never, a.item as never, a.property as never, a.value)
      return null
    case 'getItems':
      return manager.items(a.category as never)
    case 'getItem':
      return manager.item(a.category as never, a.item as never)
    case 'getValue':
      return manager.value(a.category as never, a.item as never)
    case 'getNames':
      return names(manager, args)
    case 'addChildren':
      return { children: await manager.link(a.category as never, a.children as never) }
    case 'getChildren':
      return manager.children(a.category as never)
    case 'removeChild':
      return manager.unlink(a.category as never, a.child as never)
    case 'removeAllChildren':
      return manager.unlinkAll(a.category as never)
    case 'deleteCategory':
      return manager.remove(a.category as never)
    case 'onChange':
      manager.subscribe({ category: a.category as never }, callbackOf(args.callback, false) as never)
      return null
    case 'offChange':
      manager.unsubscribe({ category: a.category as never }, callbackOf(args.callback, false) as never)
      return null
    case 'onChildChange':
      manager.subscribe({ childrenOf: a.category as never }, callbackOf(args.callback, true) as never)
      return null
    case 'clearCache':
      manager.clearCache()
      return null
    default:
      throw new Error(`unknown operation ${op}`)
  }
}

async function registerOne(manager: ConfigManager, args: Readonly<Record<string, unknown>>): Promise<void> {
  const { category, items, description, keepOriginalItems, displayName } = args
  await manager.register(category as never, items as never, {
    description: description as never,
    keepOriginalItems: keepOriginalItems === true,
    ...(displayName === undefined || displayName === null ? {} : { displayName: displayName as never }),
  })
}

function actorOf(args: Readonly<Record<string, unknown>>) {
  return args.actor === undefined ? {} : { actor: args.actor as never }
}

function names(manager: ConfigManager, { root, children }: Readonly<Record<string, unknown>>): unknown {
  const isTree = typeof root === 'boolean' && children === true
  const listed = manager.categories({ ...(typeof root === 'boolean' ? { root } : {}), children: isTree })
  return isTree ? listed : listed.map(({ key, description, displayName }) => [key, description, displayName])
}

function record(
  calls: unknown[],
  name: string,
  event: { readonly category: string; readonly kind: string; readonly children?: readonly string[] },
  isChild: boolean,
): void {
  if (!isChild) calls.push({ callback: name, category: event.category })
  else {
    const linked = event.kind === 'linked'
    calls.push({
      callback: name,
      parent: event.category,
      children: linked ? event.children : event.children?.[0],
      event: linked ? 'c' : 'd',
    })
  }
  if (name === 'bad1') throw new CallbackError('callback bad1 failed')
}

function compareError(
  expected: NonNullable<VectorOp['observe']['error']>,
  error: unknown,
  say: (what: string, expected: unknown, actual: unknown) => void,
): void {
  const failure = ((error as BackplaneError).details?.fledge as FledgeFailure | undefined) ?? {
    class: (error as Error).name,
    message: (error as Error).message,
  }
  if (expected.match !== 'any') say('error class', expected.class, failure.class)
  if (expected.match === 'exact') say('error message', expected.message, failure.message)
}

async function stateOf(store: ReturnType<typeof memoryStore>) {
  const categories: Record<string, unknown> = {}
  const children: [string, string][] = []
  for (const name of await store.list()) {
    if (!name.startsWith('category/')) continue
    const key = name.slice('category/'.length)
    const category = categoryOf(key, (await store.read(name))?.document)
    if (!category) continue
    const { description, displayName, items } = category
    categories[key] = { description, displayName, items: Object.fromEntries(items) }
    children.push(...category.children.map((child): [string, string] => [key, child]))
  }
  return { categories, children }
}

/** The order of items counts, so it is compared too. */
function itemOrder(categories: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(categories)
    .map(([name, category]) => [name, category, Object.keys((category as { readonly items: object }).items)])
    .sort(([left], [right]) => (String(left) < String(right) ? -1 : 1))
}

function byParent(links: readonly (readonly [string, string])[]): unknown {
  const parents = new Map<string, string[]>()
  for (const [parent, child] of links) parents.set(parent, [...(parents.get(parent) ?? []), child])
  return [...parents].sort(([left], [right]) => (left < right ? -1 : 1))
}

function sorted(calls: readonly unknown[]): string[] {
  return calls.map((call) => JSON.stringify(call)).sort()
}

function isStorageReply(result: unknown): boolean {
  return typeof result === 'object' && result !== null && 'rows_affected' in result
}

/** Prototypes differ between parsed and built objects, and do not count. */
function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}
