import type { Call, FunctionDescriptor, HostFunction, JsonSchema, Params, Value } from '@backplane/core'
import { type HostFunctionsInit, Management } from './management.ts'
import { refuseParams, unknownParams } from './own-params.ts'

/** Loading takes as long as a plugin may take to start, and then some: installing what it asks for may take longer. */
const loadTimeoutMs = 60_000
const installTimeoutMs = 240_000

/**
 * The functions by which a host is managed from afar, for `createHost`'s `functions`: `get_status`, `list_plugins`,
 * `load_plugin`, `unload_plugin` and `reload_plugin`, as Device Connect's plugin driver has them. Not for a host that
 * nobody should manage remotely: leave them out.
 *
 * As with the driver, what fails is a result with `status: "error"`; only parameters that are wrong are an error.
 */
export function hostFunctions(init: HostFunctionsInit): readonly HostFunction[] {
  const management = new Management(init)
  const { installs = false } = init
  const packages = installs ? 'Packages that it asks for are' : 'No packages are'
  const loading = { timeout_ms: installs ? installTimeoutMs : loadTimeoutMs }
  return [
    hostFunction('get_status', 'Says how the host is and which plugins are loaded.', {}, (_, call) =>
      management.status(call),
    ),
    hostFunction('list_plugins', 'Lists the plugins that are loaded, and those that can be.', {}, (_, { signal }) =>
      management.list(signal),
    ),
    hostFunction(
      'load_plugin',
      `Loads a plugin from the host's plugin folder, or loads it again. ${packages} installed.`,
      { plugin_id: 'Its id, or the name of its folder.', install_dependencies: null },
      ({ plugin_id, install_dependencies }, { signal }) =>
        management.load(plugin_id as string, signal, isYes(install_dependencies)),
      loading,
    ),
    hostFunction(
      'unload_plugin',
      'Stops a plugin and takes its functions back. One that others need is refused, or ends with them (cascade).',
      { plugin_id: 'Its id.', cascade: null },
      ({ plugin_id, cascade }) => management.unload(plugin_id as string, isYes(cascade)),
      { timeout_ms: loadTimeoutMs },
    ),
    hostFunction(
      'reload_plugin',
      'Starts a fresh instance beside the running one, then switches; when that fails, the running one stays.',
      { plugin_id: 'Its id, or the name of its folder.' },
      ({ plugin_id }, { signal }) => management.reload(plugin_id as string, signal),
      loading,
    ),
  ]
}

/**
 * `parameters` says what each is for; `null` marks an optional switch. The driver advertises it as text and its own
 * clients send a boolean: both are taken.
 */
function hostFunction(
  name: string,
  description: string,
  parameters: { readonly [name: string]: string | null },
  run: (params: Params, call: Call) => Value | Promise<Value>,
  limits: { readonly timeout_ms?: number } = {},
): HostFunction {
  const names = Object.keys(parameters)
  const required = names.filter((key) => parameters[key] !== null)
  const schemaWith = (aSwitch: JsonSchema): JsonSchema => {
    const property = ([key, about]: [string, string | null]) => [
      key,
      about === null ? aSwitch : { type: 'string', description: about },
    ]
    return { type: 'object', properties: Object.fromEntries(Object.entries(parameters).map(property)), required }
  }
  const descriptor: FunctionDescriptor = {
    name,
    description,
    parameters: schemaWith({ type: 'string', default: null }),
    ...(required.length < names.length ? { accepts: schemaWith({ type: ['string', 'boolean'], default: null }) } : {}),
    ...limits,
  }
  return {
    descriptor,
    run: (params, call) => {
      checkParams(name, params, parameters)
      return run(params, call)
    },
  }
}

/** What stands for true: the boolean, and the texts that the driver has for it. */
function isYes(value: Value | undefined): boolean {
  if (typeof value === 'boolean') return value
  return typeof value === 'string' && ['1', 'true', 'yes', 'on'].includes(value.toLowerCase())
}

/** The driver's advertised schemas leave the door open to unknown names, and its functions refuse them. */
function checkParams(name: string, params: Params, parameters: { readonly [name: string]: string | null }): void {
  const fits = (value: Value | undefined, about: string | null) =>
    typeof value === 'string' || (about === null && (typeof value === 'boolean' || (value ?? null) === null))
  const wrong = Object.entries(parameters).filter(([key, about]) => !fits(params[key], about))
  refuseParams(name, [
    ...unknownParams(params, parameters),
    ...wrong.map(([path, about]) => ({ path, message: `must be a string${about === null ? ' or a boolean' : ''}` })),
  ])
}
