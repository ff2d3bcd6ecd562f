import {
  BackplaneError,
  type EventDescriptor,
  type Host,
  type Logger,
  type Params,
  type PluginStatus,
} from '@backplane/core'
import { functionNames } from './summary.ts'
import type { ParamsCheck } from './validate-params.ts'

const pluginId = { type: 'string', description: 'The id in its manifest.' }

/** What {@link tellOfPlugins} emits; for `createHost`'s `events`. */
export const hostEvents: readonly EventDescriptor[] = [
  {
    name: 'plugin_loaded',
    description: 'A plugin takes calls from now on.',
    payload: {
      type: 'object',
      properties: { plugin_id: pluginId, functions: { type: 'array', items: { type: 'string' } } },
      required: ['plugin_id', 'functions'],
    },
  },
  {
    name: 'plugin_unloaded',
    description: 'A plugin takes no calls any more.',
    payload: { type: 'object', properties: { plugin_id: pluginId }, required: ['plugin_id'] },
  },
]

/**
 * Tells the mesh of every plugin that is loaded and unloaded, by the events of {@link hostEvents}; a swap tells both,
 * as Device Connect's driver does on reload. A quarantine is said in the log, with its reason and what lifts it.
 * Returns an unsubscribe function. Nothing is told while there is no connection.
 */
export function tellOfPlugins(host: Host, logger?: Logger): () => void {
  const emit = (event: string, payload: Params) => {
    if (host.mesh?.status !== 'connected') return
    host.emit(event, payload).catch((error) => {
      logger?.warn({ event, code: BackplaneError.from(error).code }, 'the mesh was not told')
    })
  }
  const loaded = (plugin: PluginStatus) => {
    const { id, runtime, unenforced } = plugin
    if (unenforced.length > 0) logger?.warn({ plugin: id, unenforced }, `its ${runtime} runtime cannot enforce these`)
    emit('plugin_loaded', { plugin_id: id, functions: functionNames(plugin) })
  }
  const unloaded = (plugin: PluginStatus) => emit('plugin_unloaded', { plugin_id: plugin.id })
  return host.on((event) => {
    if (event.type === 'plugin.quarantined') {
      const { code, message, next } = event.error
      logger?.error({ plugin: event.plugin.id, code, next }, message)
    }
    if (event.type === 'plugin.unloaded' || event.type === 'plugin.swapped') unloaded(event.plugin)
    if (event.type === 'plugin.loaded' || event.type === 'plugin.swapped') loaded(event.plugin)
  })
}

/**
 * Says in the log, when a plugin is loaded, which of its functions have a schema that cannot be used: their calls are
 * refused. Compiles the others, so that their first call is no slower. Returns an unsubscribe function.
 */
export function tellOfSchemas(host: Host, check: ParamsCheck, logger?: Logger): () => void {
  return host.on((event) => {
    if (event.type !== 'plugin.loaded' && event.type !== 'plugin.swapped') return
    const { id: plugin, functions } = event.plugin
    for (const descriptor of functions) {
      check.prepare({ plugin, descriptor }).catch((thrown) => {
        const { code, message, next } = BackplaneError.from(thrown)
        logger?.warn({ plugin, code, next }, message)
      })
    }
  })
}
