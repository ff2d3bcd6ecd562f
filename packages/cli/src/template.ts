/**
 * The files of a new JavaScript plugin, by name. It needs nothing beside itself, so the folder works wherever it is
 * copied: even below a `package.json` that does not say which kind of module `.js` is.
 */
export function pluginTemplate(id: string): Readonly<Record<string, string>> {
  const manifest = {
    $schema: 'https://backplane.dev/schemas/manifest/1.json',
    id,
    version: '0.1.0',
    description: `What ${id} does, in one sentence.`,
    entry_point: 'plugin.mjs',
    config: {
      greeting: { type: 'string', description: 'The word that greetings begin with.', default: 'Hello' },
    },
  }
  return {
    'manifest.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'plugin.mjs': code,
    'README.md': readme(id),
  }
}

const code = `// A plugin is an object: what can be called, what it says, what it does by itself.
export default {
  functions: {
    greet: {
      description: 'Greets by name.',
      parameters: {
        type: 'object',
        properties: { name: { type: 'string', default: 'world', description: 'Whom to greet.' } },
        additionalProperties: false,
      },
      async run({ name = 'world' }, { config, emit }) {
        await emit('greeted', { name })
        return { message: \`\${config.greeting}, \${name}!\` }
      },
    },
  },
  events: {
    greeted: {
      description: 'Somebody was greeted.',
      payload: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
    },
  },
  // periodic: { tick: { intervalMs: 1000, run: ({ logger }) => logger.info('tick') } },
  setup({ logger }) {
    logger.info('ready')
  },
  teardown() {},
}
`

const readme = (id: string) => `# ${id}

\`\`\`sh
npx backplane validate .        # load it by itself and say what is wrong
npx backplane up --plugins ..   # run it in a host
npx backplane invoke greet --params '{"name":"you"}'
\`\`\`
`
