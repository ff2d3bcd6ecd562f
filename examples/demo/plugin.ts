// Types alone: they are gone when it runs, so the folder works wherever it is copied.
import type { ModuleContext } from '@backplane/runtime-node'

/** Two functions, an event and periodic work, as a class: static fields declare, methods of the same names do. */
export class Demo {
  static functions = {
    ping: {
      description: 'Says that the plugin is there.',
      parameters: { type: 'object', properties: {}, additionalProperties: false },
    },
    echo: {
      description: 'Gives a message back, with the ticks counted so far.',
      parameters: {
        type: 'object',
        properties: { message: { type: 'string', default: 'hello', description: 'What to give back.' } },
        additionalProperties: false,
      },
    },
  }

  static events = {
    demo_ready: {
      description: 'The plugin has started.',
      payload: { type: 'object', properties: { plugin: { type: 'string' } }, required: ['plugin'] },
    },
  }

  static periodic = { count: { intervalMs: 1000 } }

  readonly #ctx: ModuleContext
  #tick = 0

  constructor(ctx: ModuleContext) {
    this.#ctx = ctx
  }

  start() {
    // Not awaited: the host may be without a mesh for a while, and the plugin is ready all the same.
    this.#ctx.emit('demo_ready', { plugin: this.#ctx.pluginId })
  }

  ping() {
    return { pong: true, plugin: this.#ctx.pluginId }
  }

  echo({ message = 'hello' }: { message?: string }) {
    return { message, tick: this.#tick }
  }

  count() {
    this.#tick++
    this.#ctx.logger.debug({ tick: this.#tick }, 'tick')
  }
}
