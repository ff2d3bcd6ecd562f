import type { FunctionDescriptor, Health, Value } from '@backplane/core'
import { contractError } from '@backplane/core/errors'
import { answered, type ComponentFunction, type ComponentProgram, describeFunction } from '../component/program.ts'
import { packText, unpack } from '../vyra/convert.ts'
import type { WasmExportEntry } from './manifest-section.ts'

/**
 * Functions of a component as they are advertised: all that can be called, or those that the manifest names, with what
 * it says of them.
 */
export function describeComponent(
  { functions }: ComponentProgram,
  entries: readonly WasmExportEntry[] | undefined,
  hidden: readonly (string | undefined)[],
): FunctionDescriptor[] {
  if (entries === undefined) {
    const shown = functions.filter(
      (each) => each.refused === undefined && !hidden.includes(each.name) && !isSetup(each),
    )
    return shown.map(describeFunction)
  }
  return entries.map(({ name, description, stream }) => {
    const found = functions.find((each) => each.name === name)
    if (!found || found.refused !== undefined) {
      const reason = found ? `it uses ${found.refused}` : 'the component has no such function'
      throw contractError('BP_MANIFEST_INVALID', { details: { of: '', issues: `wasm.exports '${name}': ${reason}` } })
    }
    return {
      ...describeFunction(found),
      ...(description === undefined ? {} : { description }),
      ...(stream ? { stream } : {}),
    }
  })
}

/** What componentize-qjs leaves among a component's exports, for its own use while it is built. */
function isSetup({ name, from, type }: ComponentFunction): boolean {
  return (
    name === 'init' &&
    from === '' &&
    type.params.map((param) => param.name).join() === 'shim,script,entry-path,disable-gc'
  )
}

/**
 * What a hook of a component is called with: parameters that are in `data` by name, or all of it as its only parameter.
 * Text takes what is no text as JSON.
 */
export function hookParams({ functions }: ComponentProgram, name: string, data: unknown): Record<string, unknown> {
  const params = functions.find((each) => each.name === name)?.type.params ?? []
  const given = (typeof data === 'object' && data !== null && !(data instanceof Uint8Array) ? data : {}) as Record<
    string,
    unknown
  >
  const named = params.length > 0 && params.every((param) => Object.hasOwn(given, param.name))
  return Object.fromEntries(
    params.map(({ name: key, type }, index) => {
      const value = named ? given[key] : index === 0 ? data : undefined
      const text = type.kind === 'string' || (type.kind === 'option' && type.item.kind === 'string')
      return [key, text && value !== undefined && typeof value !== 'string' ? packText(value) : value]
    }),
  )
}

/** How a component feels, by what its hook gives: nothing, a truth, a record of {@link Health} or that as JSON. */
export function healthOf({ functions }: ComponentProgram, name: string, value: Value): Health {
  const type = answered(functions.find((each) => each.name === name)?.type.result)
  if (type === undefined) return { ok: true }
  if (typeof value === 'boolean') return { ok: value }
  return (type.kind === 'string' ? unpack(String(value)) : value) as unknown as Health
}
