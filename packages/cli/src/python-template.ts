/**
 * The files of a new Python plugin, by name: a Device Connect capability folder, which runs on that system's driver
 * too.
 */
export function pythonTemplate(id: string): Readonly<Record<string, string>> {
  const class_name = `${id
    .split(/[-_.]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('')
    .replace(/^(?=[0-9])/, 'Plugin')}Capability`
  const manifest = {
    $schema: 'https://backplane.dev/schemas/manifest/1.json',
    id,
    version: '0.1.0',
    description: `What ${id} does, in one sentence.`,
    entry_point: 'capability.py',
    class_name,
    dependencies: { python: [] },
    config: {
      greeting: { type: 'string', description: 'The word that greetings begin with.', default: 'Hello' },
    },
  }
  return {
    'manifest.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'capability.py': code(class_name),
    'README.md': readme(id),
  }
}

const code = (name: string) => `from device_connect_edge.drivers import emit, rpc


class ${name}:
    """A plugin is a class: what can be called, what it says, what it does by itself."""

    def __init__(self, device):
        self.device = device

    async def start(self):
        self.device.logger.info("ready")

    async def stop(self):
        pass

    # A function that blocks may be a plain \`def\`: it runs in a thread.
    @rpc()
    async def greet(self, name: str = "world") -> dict:
        """Greets by name.

        Args:
            name: Whom to greet.
        """
        await self.greeted(name=name)
        return {"message": f"{self.device.config['greeting']}, {name}!"}

    @emit()
    async def greeted(self, name: str):
        """Somebody was greeted."""

    # from device_connect_edge.drivers import periodic
    # @periodic(interval=1.0)
    # async def tick(self):
    #     self.device.logger.info("tick")
`

const readme = (id: string) => `# ${id}

\`\`\`sh
npx backplane validate .        # load it by itself and say what is wrong
npx backplane up --plugins ..   # run it in a host
npx backplane invoke greet --params '{"name":"you"}'
\`\`\`
`
