import { Command, Option } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import type { CommandContext } from './context.ts'
import type { CliIo } from './io.ts'
import type { Reporter } from './reporter.ts'

type ConfigAction = Parameters<typeof import('./commands/config.ts').config>[0]

const exitHelp = `
Exit codes: 0 done, 1 failed, 2 usage error, 4 unreachable, 130 interrupted.
Settings come from flags, then environment variables, then backplane.json, then defaults; docs/cli.md lists them.`

/**
 * Makes the command line. What a command does is loaded when it runs, so `--help` and bad options answer at once.
 */
export function makeProgram(io: CliIo, reporter: Reporter): Command {
  const context: CommandContext = { io, reporter }
  const program = new Command('backplane')
    .description('Runs a plugin host, calls its functions, manages its plugins, writes new ones.')
    .version(packageJson.version, '-V, --version', 'print the version')
    .showHelpAfterError(false)
    .addHelpText('after', exitHelp)

  const common = (made: Command) =>
    made.option('--json', 'print one line of JSON').option('-q, --quiet', 'print results and errors only')
  const command = (usage: string, description: string) => {
    return common(program.command(usage).description(description))
  }
  const networked = (made: Command) =>
    made
      .option('--bridge <url>', 'where a Zenoh bridge listens (default: ws://127.0.0.1:10000)')
      .option('--credentials <file>', 'credentials that a portal issued (default: the newest of their folder)')
      .option('--credentials-dir <dir>', 'that folder (default: ~/.config/device-connect)')
      .option('--allow-insecure', 'demand no credentials, and take those of another device')
      .option('--discovery-mode <mode>', 'd2d, p2p or infra (default: infra with a portal, else d2d)')
  const remote = (usage: string, description: string) =>
    networked(
      command(usage, description)
        .option('--preset <name>', 'whose network: local (default), edge (Zenoh) or portal')
        .option('--nats <url>', 'NATS servers, separated by commas (default: the local host on port 4222)')
        .option('--broker-port <port>', 'port of the broker on this machine, in place of --nats'),
    )
      .option('--tenant <name>', 'tenant (default: default, or that of the credentials)')
      .option('--timeout <ms>', 'how long to wait for the answer (default: 30000)')
      .option('--config <file>', 'config file (default: backplane.json)')
      .addOption(new Option('--log-level <level>', 'debug, info, warn, error or silent').default(undefined, 'warn'))
  const managed = (usage: string, description: string) =>
    remote(usage, description).option('--device <id>', 'the host (default: plugin-host-1)')

  networked(command('up', 'run a plugin host'))
    .option('--preset <name>', 'on which network: local (default), edge (Zenoh) or portal')
    .option('--device-id <id>', 'its id on the mesh (default: plugin-host-1)')
    .option('--tenant <name>', 'tenant (default: default)')
    .option('--plugins <dir>', 'folder of plugins (default: plugins)')
    .option('--no-auto-load', 'load no plugin by itself')
    .option('--python <command>', 'the Python of plugins that name none (default: python3)')
    .option('--install-dependencies', 'install the packages that Python plugins ask for')
    .option('--nats <url>', 'join these NATS servers, separated by commas, in place of an embedded broker')
    .option('--broker-port <port>', 'port of the embedded broker, 0 for a free one (default: 4222)')
    .option('--state-dir <dir>', 'where plugins keep their files and the host what was loaded (default: nowhere)')
    .option('--config <file>', 'config file (default: backplane.json)')
    .option('--log-level <level>', 'debug, info, warn, error or silent (default: warn)')
    .option('--wait [seconds]', 'try again while the network cannot be reached (without seconds: until it can)')
    .option('--fledge-rest <port>', "serve Fledge's configuration routes on this port of 127.0.0.1; 0 takes a free one")
    .action(async (flags) => (await import('./commands/up.ts')).up(flags, context))

  remote('invoke <function>', 'call a function and print its result')
    .option('--params <json>', 'its parameters, as a JSON object', '{}')
    .option('--device <id>', 'whose function (default: plugin-host-1, else the only device that offers it)')
    .action(async (name, flags) => (await import('./commands/invoke.ts')).invoke(name, flags, context))

  managed('list', 'list plugins, loaded and available').action(async (flags) =>
    (await import('./commands/list.ts')).list(flags, context),
  )
  managed('status', 'say how a host is').action(async (flags) =>
    (await import('./commands/status.ts')).status(flags, context),
  )
  for (const verb of ['load', 'unload', 'reload'] as const) {
    const command = managed(`${verb} <plugin>`, `${verb} a plugin`)
    if (verb === 'unload') command.option('--cascade', 'unload the plugins that need it as well, those first')
    command.action(async (id, flags) => (await import('./commands/manage.ts')).manage(verb, id, flags, context))
  }
  remote('discover [selector]', 'list the devices on the mesh, for instance: discover "device(type:plugin_host)"')
    .option('--limit <n>', 'end after so many')
    .action(async (selector, flags) => (await import('./commands/discover.ts')).discover(selector, flags, context))
  remote('fleet', 'describe who is there: how many devices and functions, of which types, where').action(
    async (flags) => (await import('./commands/fleet.ts')).fleet(flags, context),
  )
  remote('broadcast <function>', 'call a function of many devices and print their replies as they come')
    .option('--params <json>', 'its parameters, as a JSON object', '{}')
    .option('--select <selector>', 'the devices meant, for instance: "device(type:camera)" (default: whoever hears it)')
    .option('--where <cel>', 'which of them, by their own status, labels and identity: "status.battery > 50"')
    .option('--bindings <json>', 'values that --where may speak of, as a JSON object')
    .option('--at <time>', 'when all run it: a time such as 2026-11-22T08:00:00Z, or +SECONDS from now')
    .option('--late <what>', 'what a device does that hears of it later: skip (default) or fire')
    .option('--until <n>', 'end after so many replies')
    .action(async (name, flags) => (await import('./commands/broadcast.ts')).broadcast(name, flags, context))
  remote('doctor', 'say what is reachable, with which credentials, and what is wrong').action(async (flags) =>
    (await import('./commands/doctor.ts')).doctor(flags, context),
  )
  remote('events', 'print events as they come, until interrupted')
    .option('--device <id>', 'of this device only')
    .option('--event <name>', 'of this name only')
    .option('--count <n>', 'end after so many')
    .action(async (flags) => (await import('./commands/events.ts')).events(flags, context))

  const configuration = program
    .command('config')
    .description('read and change the configuration of a running host, or of one at rest')
    .addHelpText('after', '\nExample: backplane config set my-plugin greeting=Hi --dry-run')
  const configAction = (usage: string, name: ConfigAction, description: string) =>
    networked(common(configuration.command(usage).description(description)))
      .option('--device <id>', 'the host (default: plugin-host-1)')
      .option('--dir <dir>', 'a folder that a host keeps configuration in, while that host is down')
      .option('--store <url>', 'NATS servers of a configuration that hosts share, in place of a host')
      .option('--bucket <name>', 'its bucket there (default: backplane-config)')
      .option('--preset <name>', 'whose network: local (default), edge (Zenoh) or portal')
      .option('--nats <url>', 'NATS servers of the host, separated by commas (default: on port 4222)')
      .option('--broker-port <port>', 'port of the broker on this machine, in place of --nats')
      .option('--tenant <name>', 'tenant (default: default, or that of the credentials)')
      .option('--timeout <ms>', 'how long to wait for the answer (default: 30000)')
      .option('--config <file>', 'config file of this command (default: backplane.json)')
      .addOption(new Option('--log-level <level>', 'debug, info, warn, error or silent').default(undefined, 'warn'))
      .action(async (...given) => {
        const words = given
          .slice(0, -2)
          .flat()
          .filter((word) => word !== undefined)
        await (await import('./commands/config.ts')).config(name, words, given.at(-2), context)
      })
  const dryRun = (made: Command) => made.option('--dry-run', 'say what would change, and change nothing')
  const reasoned = (made: Command) => made.option('--reason <text>', 'why; noted in the audit trail')
  configAction('list', 'list', 'list the categories')
  configAction('get <category> [item]', 'get', 'print the values of a category, or one of them')
  reasoned(dryRun(configAction('set <category> <item=value...>', 'set', 'change values, all or none')))
  configAction('history <category>', 'history', 'list the former states of a category')
  reasoned(configAction('rollback <category> <revision>', 'rollback', 'bring a former state back'))
  configAction('watch [category]', 'watch', 'print changes as they come, until interrupted')
  configAction('export [file]', 'export', 'write all of it to a file, without secrets')
  configAction('diff <file>', 'diff', 'say how it differs from an exported file')
  reasoned(dryRun(configAction('import <file>', 'import', 'make it as an exported file says, all or nothing')))

  command('new <name>', 'write a new plugin: a folder with a manifest and its code')
    .option('--dir <dir>', 'where to put the folder (default: here)')
    .option('--wasm', 'a WebAssembly plugin: AssemblyScript, or JavaScript as a component')
    .addOption(new Option('--python', 'a Python plugin: a Device Connect capability').conflicts('wasm'))
    .addOption(
      new Option('--abi <abi>', 'a WebAssembly plugin of this convention')
        .choices(['extism', 'vyra', 'component'])
        .default('extism')
        .implies({ wasm: true })
        .conflicts('python'),
    )
    .action(async (name, flags) => (await import('./commands/new.ts')).newPlugin(name, flags, context))
  command('validate <dir>', 'load a plugin by itself and say what is wrong with it').action(async (dir, flags) =>
    (await import('./commands/validate.ts')).validate(dir, flags, context),
  )

  command('plugin <action> <command...>', 'plugin inspect -- COMMAND: start a go-plugin binary and say what it offers')
    .option('--cookie <key=value>', 'the cookie that it wants (default: those of common programs)')
    .option('--env <name=value...>', 'variables for it, beside those of this shell')
    .option('--timeout <ms>', 'how long it may take to start (default: 10000)')
    .action(async (action, words, flags) =>
      (await import('./commands/plugin.ts')).plugin(action, words, flags, context),
    )

  command(
    'wasm <action> <words...>',
    'wasm inspect FILE, wasm call FILE FUNCTION, wasm bindings FOLDER: look at a module, run one, type its host',
  )
    .option('--input <text>', 'what the function is given; a JSON object of arguments for VYRA')
    .option('--stdin', 'give it what comes on standard input')
    .option('--config <key=value...>', 'configuration that it may read')
    .option(
      '--allow-path <host:guest...>',
      'folders that WASI shows it; ro: before one for reading only (default: none)',
    )
    .option('--env <name=value...>', 'variables that WASI shows it (default: none)')
    .option('--link <name=file...>', 'modules that it imports')
    .option('--fuel <n>', 'instructions that it may cost (default: no limit)')
    .option('--allow-host <host...>', 'hosts that its HTTP may reach (default: none)')
    .option('--timeout-ms <ms>', 'how long it may take (default: no limit)')
    .option('--max-memory <MiB>', 'memory that it may have (default: 256)')
    .option('--abi <abi>', 'extism, vyra, component, or wasi for a program (default: by what it is)')
    .action(async (action, words, flags) => (await import('./commands/wasm.ts')).wasm(action, words, flags, context))

  command('zenoh-bridge', 'run a Zenoh bridge on this machine, for the edge preset; builds it where there is none')
    .option('--port <port>', 'where its WebSocket listens, on 127.0.0.1; 0 takes a free port (default: 10000)')
    .option(
      '--connect <address...>',
      'Zenoh routers or peers to connect to (default: ZENOH_CONNECT, else by multicast)',
    )
    .option('--listen <address...>', 'where Zenoh nodes may connect to it, tcp/HOST:PORT (default: a free port)')
    .option('--no-multicast', 'neither look for others by multicast nor answer them')
    .option('--credentials <file>', 'Device Connect credentials (.creds.json) with addresses and certificates')
    .option('--tls-ca <file>', 'certificate authority of the routers, PEM')
    .option('--tls-cert <file>', 'certificate of this client, PEM')
    .option('--tls-key <file>', 'its key, PEM')
    .option('--program <path>', 'the bridge itself, in place of one that is found or built')
    .option('--build', 'see that the program is there, and end')
    .action(async (flags) => (await import('./commands/zenoh-bridge.ts')).zenohBridge(flags, context))

  // Help goes the way of everything else; errors are told when the run ends.
  const say = (stream: 'out' | 'err') => (text: string) => reporter.help(stream, text)
  const help = { writeOut: say('out'), writeErr: say('err'), outputError: () => {} }
  for (const one of [program, ...program.commands, ...configuration.commands]) {
    one.exitOverride().configureOutput({ ...help, getOutHasColors: () => io.colors })
  }
  return program
}
