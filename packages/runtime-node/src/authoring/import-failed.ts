import { fileURLToPath } from 'node:url'
import { type BackplaneError, coreError, messageOf } from '@backplane/core'
import { syntaxFault } from './syntax-fault.ts'

/** What to do next, where Node's own code tells it. */
const nextSteps: Readonly<Record<string, string>> = {
  ERR_MODULE_NOT_FOUND:
    "Install what it imports in the plugin's own folder, or correct the path, its ending included; a plugin that is a plain object needs no import.",
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    'Node only strips types: use syntax that can be erased (no enums, namespaces or parameter properties), or ship JavaScript.',
  ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING:
    'Node does not strip types under a node_modules folder: move the plugin elsewhere, or ship JavaScript.',
}

/**
 * The error of a plugin whose code could not be imported, with the place in its folder: where the stack tells it, or,
 * of a syntax error, where Node's own check does.
 */
export async function importFailed(cause: unknown, plugin: string, entry: string): Promise<BackplaneError> {
  const { stack = '', code = '' } = (typeof cause === 'object' && cause !== null ? cause : {}) as {
    stack?: string
    code?: string
  }
  const place = placeIn(String(stack), new URL('.', entry))
  const message = messageOf(cause)
  const isUnplaced = place === undefined && isSyntaxError(cause)
  const fault = isUnplaced ? await syntaxFault(entry, message).catch(() => undefined) : undefined
  const found = fault?.place ?? place
  const reason = [found === undefined ? message : `${message} (${found})`, ...(fault ? [fault.excerpt] : [])].join('\n')
  const next = Object.hasOwn(nextSteps, code) ? nextSteps[code] : undefined
  return coreError('BP_PLUGIN_LOAD_FAILED', { details: { plugin, reason }, cause, next })
}

/** One of another context is no instance of ours. */
function isSyntaxError(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'name' in cause && cause.name === 'SyntaxError'
}

/** The first file of the folder that a stack names, with its line. */
function placeIn(stack: string, folder: URL): string | undefined {
  for (const prefix of [folder.href, fileURLToPath(folder)]) {
    const at = stack.indexOf(prefix)
    if (at < 0) continue
    const [, file, line] = /^([^\s:()?]+)[^\s:()]*:(\d+)/.exec(stack.slice(at + prefix.length)) ?? []
    if (file !== undefined) return `${file}:${line}`
  }
  return undefined
}
