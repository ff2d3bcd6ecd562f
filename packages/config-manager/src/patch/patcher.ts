import { coreError, type Json, type JsonPatchOperation } from '@backplane/core'

type Container = Json[] | { [key: string]: Json }

/** Applies patches (RFC 6902), and gives the changed document; what it is given stays as it is. */
export type Patcher = (document: Json, patch: readonly JsonPatchOperation[]) => Json

/**
 * Makes a patcher. It copies only what it changes, and that once: a document that it gave is changed in place by the
 * next patch that it is given for it, so anyone who needs each state takes a new patcher for each.
 */
export function patcher(): Patcher {
  const own = new Set<unknown>()

  const owned = (value: Json, path: string): Container => {
    if (typeof value !== 'object' || value === null) throw unsuitable(path)
    if (own.has(value)) return value as Container
    const copy = (Array.isArray(value) ? [...value] : { ...value }) as Container
    own.add(copy)
    return copy
  }

  const apply = (document: Json, operation: JsonPatchOperation): Json => {
    const { path } = operation
    if (path === '') return operation.op === 'remove' ? null : operation.value
    const steps = path.slice(1).split('/').map(unescaped)
    const last = steps.pop() as string
    const top = owned(document, path)
    let at = top
    for (const step of steps) {
      const key = keyOf(at, step, path)
      if (!Object.hasOwn(at, key)) throw unsuitable(path)
      const below = owned((at as Record<string, Json>)[key] as Json, path)
      put(at, key, below)
      at = below
    }
    change(at, keyOf(at, last, path), operation)
    return top
  }

  return (document, patch) => patch.reduce(apply, document)
}

function change(at: Container, key: string, operation: JsonPatchOperation): void {
  const { op, path } = operation
  if (op === 'add' && Array.isArray(at)) at.splice(Number(key), 0, operation.value)
  else if (op === 'add') put(at, key, operation.value)
  else if (!Object.hasOwn(at, key)) throw unsuitable(path)
  else if (op === 'replace') put(at, key, operation.value)
  else if (Array.isArray(at)) at.splice(Number(key), 1)
  else delete at[key]
}

/** A list's index may be that after its last member, which only `add` takes. */
function keyOf(at: Container, step: string, path: string): string {
  if (!Array.isArray(at)) return step
  if (step === '-') return String(at.length)
  if (!/^(?:0|[1-9]\d*)$/.test(step) || Number(step) > at.length) throw unsuitable(path)
  return step
}

/** Defined, not assigned: a member may be called `__proto__`. */
function put(at: Container, key: string, value: Json): void {
  Object.defineProperty(at, key, { value, writable: true, enumerable: true, configurable: true })
}

function unescaped(step: string): string {
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}

function unsuitable(path: string) {
  const reason = `there is no ${path} in the document`
  return coreError('BP_INVALID_ARGUMENT', { details: { what: 'a JSON Patch', reason } })
}
