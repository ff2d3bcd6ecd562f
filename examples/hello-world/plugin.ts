// Types alone: they are gone when it runs, so the folder works wherever it is copied.
import type { PluginDefinition } from '@backplane/runtime-node'

export default {
  functions: {
    hello_world: {
      description: 'Greets by name.',
      parameters: {
        type: 'object',
        properties: { name: { type: 'string', default: 'world', description: 'Whom to greet.' } },
        additionalProperties: false,
      },
      result: { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] },
      run: ({ name = 'world' }) => ({ message: `Hello, ${name}!` }),
    },
  },
} satisfies PluginDefinition
